import { type Provider, type ReadOptions, readContent } from '@dist/content'
import { hasCode } from '@dist/errdefs'
import {
  type Descriptor,
  isManifestType,
  maxManifestSize,
  type Platform,
  parseManifest,
  readPlatform,
} from '@dist/oci'

const unreadable = [
  'NOT_FOUND',
  'FAILED_PRECONDITION',
  'MALFORMED',
  'NOT_IMPLEMENTED',
  'RESOURCE_EXHAUSTED',
] as const

/**
 * The platform that a manifest's config names: what an index would say of it. Undefined where it names none, or
 * manifest or config are not there or cannot be read.
 */
export async function configPlatform(
  desc: Descriptor,
  provider: Provider,
  options: ReadOptions = {},
): Promise<Platform | undefined> {
  if (!isManifestType(desc.mediaType)) return undefined
  try {
    const content = await readContent(provider, desc, maxManifestSize, options)
    const manifest = parseManifest(content, desc.mediaType, desc.digest)
    if (manifest.kind !== 'manifest' || manifest.config === undefined) return undefined
    const config = await readContent(provider, manifest.config, maxManifestSize, options)
    return readPlatform(JSON.parse(Buffer.from(config).toString()))
  } catch (error) {
    // An artifact's config is what it likes.
    if (error instanceof SyntaxError || hasCode(error, ...unreadable)) return undefined
    throw error
  }
}
