import { DistError } from '@dist/errdefs'
import {
  algorithmOf,
  artifactTypeOf,
  type Descriptor,
  digestOf,
  hasChildren,
  type Manifest,
  parseManifest,
} from '@dist/oci'
import { parseTag } from '@dist/reference'
import type { PutOptions } from '@dist/remotes'
import { putDocument } from './document.js'
import { addReferrer } from './referrers-tag.js'
import type { PushTarget } from './target.js'

/** `Pusher.put`. */
export async function putManifest(
  target: PushTarget,
  desc: Descriptor,
  content: Uint8Array,
  options: PutOptions,
): Promise<void> {
  const { tag, signal } = options
  if (tag !== undefined) parseTag(tag)
  const { what } = target.operation(`manifest ${tag ?? desc.digest}`, signal)
  if (digestOf(content, algorithmOf(desc.digest)) !== desc.digest)
    throw new DistError('FAILED_PRECONDITION', `${what}: content to push does not match ${desc.digest}`)
  const headers = await putDocument(target, desc, content, options)
  const manifest = hasChildren(desc.mediaType) ? parseManifest(content, desc.mediaType, what) : undefined
  // Registries with the referrers API send `OCI-Subject`; for the others a tag lists the referrers (distribution spec,
  // "Pushing Manifests with Subject").
  if (manifest?.subject === undefined || headers['oci-subject'] !== undefined) return
  await addReferrer(target, manifest.subject.digest, referrer(desc, manifest), signal)
}

/** The entry of a manifest in its subject's list of referrers (image spec, "Listing Referrers"). */
function referrer({ mediaType, digest, size }: Descriptor, manifest: Manifest): Descriptor {
  return {
    mediaType,
    digest,
    size,
    artifactType: artifactTypeOf(manifest),
    annotations: manifest.annotations,
  }
}
