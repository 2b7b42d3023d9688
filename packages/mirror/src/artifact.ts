import { isUnreadable, type Provider, readContent } from '@dist/content'
import {
  artifactTypeOf,
  type Descriptor,
  type Digest,
  hasChildren,
  maxManifestSize,
  parseManifest,
} from '@dist/oci'

/** What a stored manifest says of itself as a referrer. */
export interface Artifact {
  /** With the artifact type. */
  readonly desc: Descriptor
  readonly subject?: Digest | undefined
}

/** Reads a stored manifest. Undefined for other content, and for a manifest that cannot be read. */
export async function readArtifact(desc: Descriptor, content: Provider): Promise<Artifact | undefined> {
  if (!hasChildren(desc.mediaType)) return undefined
  try {
    const document = await readContent(content, desc, maxManifestSize)
    const manifest = parseManifest(document, desc.mediaType, desc.digest)
    return {
      desc: { ...desc, artifactType: artifactTypeOf(manifest) },
      ...(manifest.subject === undefined ? {} : { subject: manifest.subject.digest }),
    }
  } catch (error) {
    if (isUnreadable(error)) return undefined
    throw error
  }
}
