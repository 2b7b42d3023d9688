import { createHash } from 'node:crypto'
import { formatImage, type Image, recentAskedTimes } from '@dist/content'
import type { SeenObject } from '../recent/pages.js'

/**
 * The image of a document that was seen and not read, if it is this one: without a record of referrers, or with the record
 * that a question of the last days has found none. The ETag of a plain put shows it.
 */
export function recognize(
  { size, etag }: SeenObject,
  image: Omit<Image, 'referrers'>,
  now: number,
): Image | undefined {
  const matches = (candidate: Image) => {
    const document = formatImage(candidate)
    return size === document.byteLength && etag === etagOf(document)
  }
  if (matches(image)) return image
  const asked = (askedAt: number): Image => ({
    ...image,
    referrers: { types: 'all', askedAt, manifests: [], tags: [] },
  })
  // Documents of all times have the same length.
  if (size !== formatImage(asked(now)).byteLength) return undefined
  const askedAt = recentAskedTimes(now).find((time) => matches(asked(time)))
  return askedAt === undefined ? undefined : asked(askedAt)
}

/** The ETag that a plain put of a document gets. */
function etagOf(document: Uint8Array): string {
  return createHash('md5').update(document).digest('hex')
}

/** Bytes of a key that fit a file name, with a suffix, on servers that store objects as files. */
const maxKeyBytes = 200
/** Bytes of a longer key that are kept in front of the hash. */
const keptBytes = 120

/**
 * The last part of the key of a name, unique for each name: special characters are escaped as "!" and hex, and the end of
 * a long name is replaced by "!!" and a hash. It has no slash: on servers that store objects as files, `a` and `a/b` would
 * conflict.
 */
export function nameKey(name: string): string {
  const plain = escaped(name)
  if (plain.length <= maxKeyBytes) return plain
  return `${plain.slice(0, keptBytes)}!!${createHash('sha256').update(name).digest('hex')}`
}

/** What the keys of all names begin with that begin with a text. Other keys may begin with it, too. */
export function keyPrefix(text: string): string {
  return escaped(text).slice(0, keptBytes)
}

/** The name of a key of `nameKey`; undefined where only the document has all of it. */
export function nameOfKey(key: string): string | undefined {
  if (key.includes('!!')) return undefined
  const bytes = key.replace(/!([0-9a-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return Buffer.from(bytes, 'latin1').toString()
}

function escaped(name: string): string {
  return Buffer.from(name)
    .toString('latin1')
    .replace(/[^A-Za-z0-9._-]|^\./g, escapeByte)
}

function escapeByte(byte: string): string {
  return `!${byte.charCodeAt(0).toString(16).padStart(2, '0')}`
}

/** The beginning of a key of `nameKey`, up to the tag or the digest: a position before all names of the repository. */
export function repositoryOf(key: string): string {
  const { length } = /^.*(?:!40|!3a)/.exec(key.replace(/!40sha.*/, '!40'))?.[0] ?? ''
  return key.slice(0, length)
}
