import { isNotFound } from '@dist/errdefs'
import type { Descriptor } from '@dist/oci'

/**
 * Which part of an index an image holds: every platform, or those listed (formatted, sorted, no doubles).
 * Of a single manifest every selection is all.
 */
export type Selection = 'all' | readonly string[]

/** A published name: it vouches that everything which its selection takes below the root is in the store. */
export interface Image {
  /** The reference in full, with tag or digest: `docker.io/library/alpine:3.20`. */
  readonly name: string
  readonly desc: Descriptor
  readonly selection: Selection
}

/** The published names of a store. */
export interface Names {
  /** Throws `NOT_FOUND`. */
  get(name: string): Promise<Image>
  /** Publishes: readers see the old image or the new one, whole. Durable when it resolves. */
  put(image: Image): Promise<void>
  list(): AsyncIterable<Image>
  /** Throws `NOT_FOUND`. The content stays. */
  delete(name: string): Promise<void>
}

/** Whether an image that holds `have` answers a request for `want`. */
export function covers(have: Selection, want: Selection): boolean {
  if (have === 'all') return true
  return want !== 'all' && want.every((platform) => have.includes(platform))
}

/** What is held once both have been published for one digest. */
export function mergeSelections(a: Selection, b: Selection): Selection {
  if (a === 'all' || b === 'all') return 'all'
  return [...new Set([...a, ...b])].sort()
}

/** A selection as one line of text: `all`, or the platforms with commas between. */
export function formatSelection(selection: Selection): string {
  return selection === 'all' ? selection : selection.join(',')
}

/** Reads what `formatSelection` writes. Platforms are not checked. */
export function parseSelection(text: string): Selection {
  if (text === 'all') return text
  return text === '' ? [] : text.split(',')
}

/** What is published under a name, if anything. */
export async function imageNamed(name: string, names: Pick<Names, 'get'>): Promise<Image | undefined> {
  try {
    return await names.get(name)
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

/** Publishes an image. What was selected of the same digest before stays selected: resolves to what is published. */
export async function putMerged(image: Image, names: Names): Promise<Image> {
  const before = await imageNamed(image.name, names)
  const merged =
    before?.desc.digest === image.desc.digest
      ? { ...image, selection: mergeSelections(before.selection, image.selection) }
      : image
  await names.put(merged)
  return merged
}
