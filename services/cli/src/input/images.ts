import { type Image, imageNamed, type Names } from '@dist/content'
import { DistError, isNotFound } from '@dist/errdefs'
import { type Digest, parseDigest } from '@dist/oci'
import { formatReference, parseReference, publishedNames } from '@dist/reference'
import type { Context } from '../context.js'
import { typedName } from '../output/format.js'
import { mapAhead } from '../several.js'
import { readLines } from './stdin.js'

/** Names that are looked up at the same time: each look-up in a bucket is a request. */
const lookedUpTogether = 32

/** Names that one message lists. */
const namedAtMost = 5

/**
 * The image that a user names: the image with exactly this name (other tools write other kinds of names into `index.json`),
 * else the image that is published under the reference. Throws `NOT_FOUND`, and `INVALID_ARGUMENT` for what is neither a
 * name in the store nor a reference.
 */
export async function findImage(text: string, names: Names): Promise<Image> {
  const literal = await imageNamed(text, names)
  if (literal !== undefined) return literal
  const reference = parseReference(text)
  // With a tag and a digest the digest is decisive; its name is the last.
  const name = publishedNames(reference).at(-1) ?? text
  const image = await imageNamed(name, names)
  if (image !== undefined) return image
  throw new DistError(
    'NOT_FOUND',
    `${formatReference(reference)}: not in the store; dist images lists the images, dist pull adds one`,
  )
}

/**
 * The images that a user names, each once, in their order. Throws as `findImage`; the error lists all images that are not in
 * the store.
 */
export async function findImages(texts: Iterable<string>, names: Names): Promise<Image[]> {
  const found = new Map<string, Image>()
  const missing: unknown[] = []
  const missed: string[] = []
  const look = (text: string) =>
    findImage(text, names).catch((error: unknown) => {
      if (!isNotFound(error)) throw error
      missing.push(error)
      missed.push(typedName(text))
    })
  for await (const image of mapAhead(texts, lookedUpTogether, look))
    if (image !== undefined) found.set(image.name, image)
  if (missing.length === 1) throw missing[0]
  if (missing.length > 1) throw noneOf(missed)
  return [...found.values()]
}

function noneOf(missed: readonly string[]): DistError {
  const more = missed.length > namedAtMost ? [`${missed.length - namedAtMost} more`] : []
  const listed = [...missed.slice(0, namedAtMost), ...more].join(', ')
  return new DistError(
    'NOT_FOUND',
    `${missed.length} images are not in the store: ${listed}; dist images lists the images, dist pull adds one`,
  )
}

/** The names of arguments, and of the lines of files (`-` is stdin). */
export async function readNames(
  context: Context,
  texts: readonly string[],
  files: readonly string[] = [],
): Promise<string[]> {
  const names = [...texts]
  for (const file of new Set(files)) for await (const { text } of readLines(context, file)) names.push(text)
  return names
}

/** The digest that a user gives. Throws `INVALID_ARGUMENT`, with advice for a shortened digest. */
export function givenDigest(text: string): Digest {
  if (/^sha(?:256|512):[0-9a-f]{12}$/.test(text))
    throw new DistError(
      'INVALID_ARGUMENT',
      `digest ${text}: shortened, as tables on a terminal show it; dist list --no-trunc shows the whole digest`,
    )
  return parseDigest(text)
}
