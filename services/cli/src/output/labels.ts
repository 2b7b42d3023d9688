import { sanitize } from '@dist/errdefs'
import { type Descriptor, formatPlatform, isIndexType, isManifestType } from '@dist/oci'

/** The label of an object's bar: its kind and the start of its digest. */
export function labelOf(desc: Descriptor): string {
  const platform = desc.platform === undefined ? '' : ` ${formatPlatform(desc.platform)}`
  return `${kindOf(desc.mediaType)} ${shortDigest(desc.digest)}${platform}`
}

export function kindOf(mediaType: string): string {
  if (isIndexType(mediaType)) return 'index'
  if (isManifestType(mediaType)) return 'manifest'
  if (/layer|rootfs/.test(mediaType)) return 'layer'
  return mediaType.includes('config') || mediaType.includes('container.image') ? 'config' : 'blob'
}

/** The type of an image in tables: `OCI index`. Other media types are not shortened. */
export function typeOf(mediaType: string): string {
  const kind = isIndexType(mediaType) ? 'index' : isManifestType(mediaType) ? 'manifest' : undefined
  if (kind === undefined) return sanitize(mediaType, 60)
  return `${mediaType.startsWith('application/vnd.docker.') ? 'Docker' : 'OCI'} ${kind}`
}

export function shortDigest(digest: string): string {
  const colon = digest.indexOf(':')
  return digest.slice(0, colon + 13)
}
