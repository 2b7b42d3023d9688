import { type Provider, readContent } from '@dist/content'
import { hasCode } from '@dist/errdefs'
import {
  type Descriptor,
  formatPlatform,
  isManifestType,
  maxManifestSize,
  parseManifest,
  parsePlatform,
} from '@dist/oci'

const unreadable = [
  'NOT_FOUND',
  'FAILED_PRECONDITION',
  'MALFORMED',
  'NOT_IMPLEMENTED',
  'INVALID_ARGUMENT',
  'RESOURCE_EXHAUSTED',
] as const

/**
 * The platform that a single manifest's config names, formatted: what an index would say of it. None where it has
 * none, or manifest or config are not there or cannot be read.
 */
export async function imagePlatforms(desc: Descriptor, provider: Provider): Promise<string[]> {
  if (!isManifestType(desc.mediaType)) return []
  try {
    const content = await readContent(provider, desc, maxManifestSize)
    const manifest = parseManifest(content, desc.mediaType, desc.digest)
    if (manifest.kind !== 'manifest' || manifest.config === undefined) return []
    const config = await readContent(provider, manifest.config, maxManifestSize)
    return platformOf(JSON.parse(Buffer.from(config).toString()))
  } catch (error) {
    if (error instanceof SyntaxError || hasCode(error, ...unreadable)) return []
    throw error
  }
}

function platformOf(config: { os?: unknown; architecture?: unknown; variant?: unknown } | null): string[] {
  const { os, architecture, variant } = config ?? {}
  if (typeof os !== 'string' || typeof architecture !== 'string') return []
  const parts =
    typeof variant === 'string' && variant !== '' ? [os, architecture, variant] : [os, architecture]
  return [formatPlatform(parsePlatform(parts.join('/')))]
}
