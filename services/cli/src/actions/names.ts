import { type Image, imageNamed, type Names } from '@dist/content'
import { DistError, sanitize } from '@dist/errdefs'
import { formatReference, parseReference, publishedNames } from '@dist/reference'

/**
 * The image that a user means: the one whose name is exactly what was typed (other tools put names of their own
 * into `index.json`), else the one published under the reference. Throws `NOT_FOUND`, and `INVALID_ARGUMENT`
 * for what is neither a name in the store nor a reference.
 */
export async function findImage(text: string, names: Names): Promise<Image> {
  const literal = await imageNamed(text, names)
  if (literal !== undefined) return literal
  const reference = parseReference(text)
  // Of a tag with a digest the digest counts, and its name is the last.
  const name = publishedNames(reference).at(-1) ?? text
  const image = await imageNamed(name, names)
  if (image !== undefined) return image
  throw new DistError(
    'NOT_FOUND',
    `${formatReference(reference)} is not in the store: dist images lists what is, dist pull brings it`,
  )
}

/** A name as it may stand on a terminal: other tools write what they like. */
export function shownName(name: string): string {
  return sanitize(name, 512)
}

/** What went wrong with an image, with its name in front: once, since registries' errors name what was asked for. */
export function failureOf(name: string, message: string): string {
  const shown = shownName(name)
  return message.startsWith(`${shown}: `) ? message : `${shown}: ${message}`
}
