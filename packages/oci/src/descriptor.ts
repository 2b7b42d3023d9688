import { DistError, sanitize } from '@dist/errdefs'
import { type Digest, parseDigest } from './digest.js'
import { knownMediaType } from './mediatypes.js'
import { type Platform, readPlatform } from './platforms.js'

/** What is known of a piece of content before it is there. OCI image spec, "Content descriptors". */
export interface Descriptor {
  readonly mediaType: string
  readonly digest: Digest
  /** Bytes. */
  readonly size: number
  readonly urls?: readonly string[] | undefined
  readonly annotations?: Readonly<Record<string, string>> | undefined
  /** The content itself, base64. Counts only where size and digest match (`embeddedContent`). */
  readonly data?: string | undefined
  readonly platform?: Platform | undefined
  readonly artifactType?: string | undefined
}

/** The part of a descriptor that says which bytes are meant. */
export function bareDescriptor(desc: Descriptor): Descriptor {
  return { mediaType: desc.mediaType, digest: desc.digest, size: desc.size }
}

/**
 * Reads a descriptor out of a parsed JSON document. Media types that are known are taken in any spelling, a platform that
 * is none as no platform. `where` names its place for the error. Throws `MALFORMED`.
 */
export function parseDescriptor(value: unknown, where: string): Descriptor {
  if (!isRecord(value)) throw malformed(where, 'is not an object')
  const { mediaType, size } = value
  if (typeof mediaType !== 'string' || !/^[ -~]{0,255}$/.test(mediaType))
    throw malformed(`${where}.mediaType`, 'is not a media type')
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw malformed(
      `${where}.size`,
      `is ${size === undefined ? 'missing' : shown(size)}, not a size in bytes`,
    )
  }
  return {
    mediaType: knownMediaType(mediaType),
    digest: documentDigest(value.digest, `${where}.digest`),
    size,
    ...optionalParts(value),
  }
}

function documentDigest(value: unknown, where: string): Digest {
  if (typeof value !== 'string') throw malformed(where, 'is not a string')
  try {
    return parseDigest(value)
  } catch (cause) {
    if (!(cause instanceof DistError)) throw cause
    const code = cause.code === 'NOT_IMPLEMENTED' ? cause.code : 'MALFORMED'
    throw new DistError(code, `${where}: ${cause.message}`, { cause })
  }
}

type OptionalParts = {
  -readonly [K in 'urls' | 'annotations' | 'data' | 'platform' | 'artifactType']?: Descriptor[K]
}

function optionalParts(value: Record<string, unknown>): OptionalParts {
  const parts: OptionalParts = {}
  if (Array.isArray(value.urls)) parts.urls = value.urls.filter((url) => typeof url === 'string')
  if (isRecord(value.annotations)) parts.annotations = stringsOf(value.annotations)
  if (typeof value.data === 'string') parts.data = value.data
  if (typeof value.artifactType === 'string') parts.artifactType = value.artifactType
  const platform = readPlatform(value.platform)
  if (platform !== undefined) parts.platform = platform
  return parts
}

/** JSON's strings of an object; what is no string is dropped, as readers of annotations do. */
export function stringsOf(value: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A value of a document, for a message. Objects are not looked into: they may nest deeper than the stack. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return sanitize(JSON.stringify(value.slice(0, 100)), 40)
  return typeof value === 'object' && value !== null ? 'an object or a list' : String(value)
}

export function malformed(where: string, what: string): DistError {
  return new DistError('MALFORMED', `${where} ${what}`)
}
