import { sanitize, withoutUserinfo, withSubject } from '@dist/errdefs'
import { type Descriptor, formatPlatform, isIndexType, isManifestType } from '@dist/oci'

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** Bytes for people: `4.2 MiB`. */
export function formatBytes(bytes: number | undefined): string {
  if (bytes === undefined) return '-'
  let value = bytes
  let unit = 0
  // Rounded, 1023.99 MiB would be 1024 MiB.
  while (value >= 1023.5 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1
  return `${value.toFixed(digits)} ${units[unit]}`
}

/** Milliseconds for people: `0.8s`, `12s`, `3m20s`, `2h05m`, `4d`. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1000
  if (seconds < 10) return `${seconds.toFixed(1)}s`
  if (seconds < 60) return `${Math.round(seconds)}s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${pad(Math.floor(seconds % 60))}s`
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)}h${pad(Math.floor((seconds % 3600) / 60))}m`
  return `${Math.floor(seconds / 86_400)}d`
}

function pad(number: number): string {
  return String(number).padStart(2, '0')
}

export function plural(count: number, noun: string, many = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : many}`
}

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

/** A name for the terminal. Other tools may have written control characters into it. */
export function shownName(name: string): string {
  return sanitize(name, 512)
}

/** A name as the user typed it, for an error: without a password. */
export function typedName(text: string): string {
  return shownName(withoutUserinfo(text))
}

/** The message of a failed image, with its name once: errors of registries name the object already. */
export function failureOf(name: string, message: string): string {
  return withSubject(shownName(name), message)
}
