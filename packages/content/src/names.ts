import { isNotFound } from '@dist/errdefs'
import type { Descriptor, Digest } from '@dist/oci'
import type { GuardOptions } from './leases/lease.js'
import type { ReferrersRecord } from './referrers.js'

/**
 * The part of an index that an image has: all platforms, or those listed (formatted, sorted, each once). Always `all` for a
 * single manifest.
 */
export type Selection = 'all' | readonly string[]

/** A published image: the store has everything that its selection takes below the root. */
export interface Image {
  /** The complete reference, with tag or digest: `docker.io/library/alpine:3.20`. */
  readonly name: string
  readonly desc: Descriptor
  readonly selection: Selection
  /** Undefined if referrers were never asked for. */
  readonly referrers?: ReferrersRecord | undefined
}

/** A published name. Its image may not have been read yet. */
export interface PublishedName {
  /** Whether its image has this root and at least this selection. */
  holds(desc: Descriptor, selection: Selection): Promise<boolean>
  /** Its image; undefined if the name has been deleted meanwhile. */
  image(): Promise<Image | undefined>
}

/** A name that a scan has found. */
export interface ScannedName {
  readonly name: string
  /** Differs whenever the document of the name does. Undefined where a scan does not tell it. */
  readonly version?: string | undefined
}

/** The published names of a store. */
export interface Names {
  /** Throws `NOT_FOUND`. */
  get(name: string): Promise<Image>
  /** Publishes an image atomically: readers see the old or the new one. Durable when it resolves. */
  put(image: Image): Promise<void>
  list(): AsyncIterable<Image>
  /** The names that begin with a text, in no order. Does not read their images. Default: see `scanNames`. */
  scan?(prefix: string): AsyncIterable<ScannedName>
  /**
   * The name as an answer of at most `recentMs` shows it; undefined if it is not published. May find out about many names
   * with one request. Default: reads it. See `lookUp`.
   */
  look?(name: string): Promise<PublishedName | undefined>
  /** Removes the name and keeps the content. Throws `NOT_FOUND`. */
  delete(name: string): Promise<void>
  /**
   * The roots that other tools keep in the store without a name that `list` shows. Throws `MALFORMED` for one that cannot be
   * read. Default: there are none.
   */
  others?(): AsyncIterable<Descriptor>
  /**
   * Runs a step that checks that content is there and then publishes names that need it: no collection of garbage deletes it in
   * between. `needs` is called while a collection is at work, for all that the names need. The step gets whether this is so: then
   * remembered answers that content is there do not count. Default: see `guarded`.
   */
  guard?<T>(
    needs: () => Promise<Iterable<Digest>>,
    step: (isCollecting: boolean) => Promise<T>,
    options?: GuardOptions,
  ): Promise<T>
}

/** Whether the selection `have` includes the selection `want`. */
export function covers(have: Selection, want: Selection): boolean {
  if (have === 'all') return true
  return want !== 'all' && want.every((platform) => have.includes(platform))
}

/** The union of two selections of the same digest. */
export function mergeSelections(a: Selection, b: Selection): Selection {
  if (a === 'all' || b === 'all') return 'all'
  return [...new Set([...a, ...b])].sort()
}

/** A selection as text: `all`, or the platforms separated by commas. */
export function formatSelection(selection: Selection): string {
  return selection === 'all' ? selection : selection.join(',')
}

/** Parses the text of `formatSelection`. Does not check the platforms. */
export function parseSelection(text: string): Selection {
  if (text === 'all') return text
  return text === '' ? [] : text.split(',')
}

/** The image under a name; undefined if there is none. */
export async function imageNamed(name: string, names: Pick<Names, 'get'>): Promise<Image | undefined> {
  try {
    return await names.get(name)
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

/** The names that begin with a text, in no order. Reads all images where the store cannot scan. */
export async function* scanNames(
  names: Pick<Names, 'list' | 'scan'>,
  prefix: string,
): AsyncIterable<ScannedName> {
  if (names.scan !== undefined) yield* names.scan(prefix)
  else for await (const { name } of names.list()) if (name.startsWith(prefix)) yield { name }
}

/** The name if it is published, by an answer of at most `recentMs`. */
export async function lookUp(
  name: string,
  names: Pick<Names, 'get' | 'look'>,
): Promise<PublishedName | undefined> {
  if (names.look !== undefined) return names.look(name)
  const image = await imageNamed(name, names)
  return image && publishedAs(image)
}

/** The published name of an image that has been read. */
export function publishedAs(image: Image): PublishedName {
  return {
    holds: async (desc, selection) => isHeld(image, desc, selection),
    image: async () => image,
  }
}

/** Whether a published image has this root and at least this selection. */
export function isHeld(image: Image, { digest }: Descriptor, selection: Selection): boolean {
  return image.desc.digest === digest && covers(image.selection, selection)
}

/**
 * Publishes an image. Keeps what was published for the same digest, if `mayKeep` agrees: the selection, and the record of
 * referrers if the image has none. Resolves to the published image.
 */
export async function putMerged(
  image: Image,
  names: Names,
  mayKeep: (before: Image) => Promise<boolean> = async () => true,
): Promise<Image> {
  const before = image.selection === 'all' ? undefined : await imageNamed(image.name, names)
  const merged =
    before?.desc.digest === image.desc.digest && (await mayKeep(before))
      ? {
          ...image,
          selection: mergeSelections(before.selection, image.selection),
          ...recordOf(image.referrers ?? before.referrers),
        }
      : image
  await names.put(merged)
  return merged
}

function recordOf(referrers: ReferrersRecord | undefined): Pick<Image, 'referrers'> {
  return referrers === undefined ? {} : { referrers }
}
