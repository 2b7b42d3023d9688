import { DistError, sanitize } from '@dist/errdefs'
import { type Digest, parseDigest } from './digest.js'
import { knownMediaType } from './mediatypes.js'
import { type Platform, readPlatform } from './platforms.js'

/** Identifies content by media type, digest and size. OCI image spec, "Content descriptors". */
export interface Descriptor {
  readonly mediaType: string
  readonly digest: Digest
  /** Bytes. */
  readonly size: number
  readonly urls?: readonly string[] | undefined
  readonly annotations?: Readonly<Record<string, string>> | undefined
  /** The content, base64. Used only if size and digest match (`embeddedContent`). */
  readonly data?: string | undefined
  readonly platform?: Platform | undefined
  readonly artifactType?: string | undefined
}

/** The descriptor without optional members. */
export function bareDescriptor(desc: Descriptor): Descriptor {
  return { mediaType: desc.mediaType, digest: desc.digest, size: desc.size }
}

/**
 * Parses a descriptor in a JSON document. Known media types are accepted in any spelling; an invalid platform is dropped.
 * `where` is its path in the document, for errors. Throws `MALFORMED`, and `NOT_IMPLEMENTED` for an unknown digest algorithm.
 */
export function parseDescriptor(value: unknown, where: string): Descriptor {
  if (!isRecord(value)) throw malformed(where, 'is not an object')
  const { mediaType, size } = value
  if (typeof mediaType !== 'string' || !/^[ -~]{0,255}$/.test(mediaType))
    throw malformed(`${where}.mediaType`, 'is not a media type')
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw malformed(
      `${where}.size`,
      `is ${size === undefined ? 'missing' : quoteValue(size)}, not a size in bytes`,
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

/** The string members of an object. Other members are dropped, as by other readers of annotations. */
export function stringsOf(value: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A value of a document, for a message. Objects are not formatted: they may nest deeper than the stack. */
export function quoteValue(value: unknown): string {
  if (typeof value === 'string') return sanitize(JSON.stringify(value.slice(0, 100)), 40)
  return typeof value === 'object' && value !== null ? 'an object or a list' : String(value)
}

/** The error for an invalid part of a document: `where` is the subject of the sentence, `what` its predicate. */
export function malformed(where: string, what: string): DistError {
  return new DistError('MALFORMED', `${where} ${what}`)
}
