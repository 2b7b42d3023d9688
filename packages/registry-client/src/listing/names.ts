import { DistError } from '@dist/errdefs'
import { isRecord, parseDocument } from '@dist/oci'
import { type Page, repeats } from './pages.js'

/** Bytes. The size limit of a page: Docker Hub answers with all tags of a repository at once. */
export const maxListSize = 64 * 1024 * 1024

// No registry has as many repositories, and no repository as many tags.
const maxEntries = 1_000_000

/** Entries of one page of a list. */
export interface Entries<Entry> {
  readonly page: Page
  readonly entries: readonly Entry[]
}

export interface DistinctOptions<Entry> {
  /** The list, for errors. */
  readonly what: string
  readonly nameOf: (entry: Entry) => string
  readonly isValid: (name: string) => boolean
  /** As in `ListOptions`. */
  readonly onInvalid?: ((name: string) => void) | undefined
}

/**
 * The entries with valid names, each name once. Throws `MALFORMED` for a page that only repeats earlier ones, and
 * `RESOURCE_EXHAUSTED` above 1,000,000 entries.
 */
export async function* distinct<Entry>(
  pages: AsyncIterable<Entries<Entry>>,
  { what, nameOf, isValid, onInvalid }: DistinctOptions<Entry>,
): AsyncGenerator<Entry, void> {
  const known = new Set<string>()
  for await (const { page, entries } of pages) {
    const before = known.size
    for (const entry of entries) {
      const name = nameOf(entry)
      if (known.has(name)) continue
      known.add(name)
      if (isValid(name)) yield entry
      else onInvalid?.(name)
    }
    if (entries.length > 0 && known.size === before) throw repeats(what, page.response.url)
    if (known.size > maxEntries)
      throw new DistError('RESOURCE_EXHAUSTED', `${what}: more than ${maxEntries} entries`)
  }
}

/** The document of a page. The media type does not count: registries send text/plain as well, and HTML with a 200. */
export function documentOf({ content, response }: Page, what: string): unknown {
  return parseDocument(content, `${what} (${response.url.host})`, maxListSize)
}

/** A list in a document. `null` is an empty one, as distribution answers. Throws `MALFORMED` for anything else. */
export function listIn(document: unknown, field: string, what: string): readonly unknown[] {
  return listOf(isRecord(document) ? document[field] : undefined, what)
}

export function listOf(list: unknown, what: string): readonly unknown[] {
  if (list === null) return []
  if (Array.isArray(list)) return list
  throw new DistError('MALFORMED', `${what}: answer is not a list`)
}

/** The error for a list that ends before the number of entries that the registry announced. */
export function endsEarly(what: string, seen: number, total: number): DistError {
  return new DistError(
    'MALFORMED',
    `${what}: the list ends after ${seen} of ${total} entries, and no further page is named`,
  )
}
