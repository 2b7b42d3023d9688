import type { Image } from '@dist/content'
import { DistError } from '@dist/errdefs'
import type { Descriptor } from '@dist/oci'
import {
  emptyIndex,
  entryOf,
  formatEntry,
  formatReferrer,
  imageOf,
  mayHaveRecord,
  parseIndex,
} from './document.js'
import { fileEnd, findLines, type IndexLines, lineEnd, separator } from './index-lines.js'

/** A line that is replaced, or removed if there is no entry. */
interface Edit {
  readonly at: number
  readonly entry: Buffer | undefined
}

/**
 * The content of an `index.json`. It is written with one entry on each line, so that few entries have to be parsed: loading
 * finds the names, an entry is parsed when it is asked for, and a new file copies the lines that did not change.
 */
export class IndexFile {
  private constructor(
    private readonly content: Buffer,
    private readonly lines: IndexLines,
    private readonly where: string,
  ) {}

  /** Reads a file in any layout of JSON. Throws `MALFORMED`; `where` names the file. */
  static parse(content: Buffer, where: string): IndexFile {
    const lines = findLines(content)
    if (lines !== undefined) return new IndexFile(content, lines, where)
    const { manifests, ...fields } = parseIndex(content.toString(), where)
    const head = JSON.stringify({ ...fields, manifests: [] }).slice(0, -']}'.length)
    const entries = manifests.map((entry) => Buffer.from(formatEntry(entry)))
    const formatted = join(Buffer.from(`${head}\n`), entries)
    const found = findLines(formatted)
    if (found === undefined) throw new DistError('INTERNAL', `${where}: has no lines after it was formatted`)
    return new IndexFile(formatted, found, where)
  }

  /** A file without entries. */
  static empty(where: string): IndexFile {
    return IndexFile.parse(Buffer.from(JSON.stringify(emptyIndex)), where)
  }

  /** The bytes of the file, as dist writes it. */
  get bytes(): Buffer {
    return this.content
  }

  /** The image of a name. Of several readable entries with the name, the last. Throws `MALFORMED`. */
  get(name: string): Image | undefined {
    return this.#placesOf(name).reduce<Image | undefined>(
      (image, at) => this.#imageAt(at) ?? image,
      undefined,
    )
  }

  has(name: string): boolean {
    return this.lines.named.has(name)
  }

  /** The names of all entries, each once. Entries can be unreadable. */
  names(): Iterable<string> {
    return this.lines.named.keys()
  }

  /** The entries that `names` and `get` do not show: without a name, unreadable, or with a name that a later entry has. */
  *others(): Iterable<unknown> {
    const { content, lines } = this
    const { first, last, named, referrers } = lines
    const known = new Set<number>(referrers.values())
    for (const name of named.keys()) for (const at of this.#shownPlacesOf(name)) known.add(at)
    for (let at = first; at < last; at = lineEnd(content, at, last) + separator.byteLength)
      if (!known.has(at)) yield this.#parsedAt(at)
  }

  /**
   * The file with names replaced in place, added at the end, or removed (undefined), and with the referrers that their images
   * have recorded. All else is unchanged.
   */
  withChanges(changes: ReadonlyMap<string, Image | undefined>): Buffer {
    const added = [...changes].flatMap(([name, image]) =>
      image === undefined || this.has(name) ? [] : [lineOf(image)],
    )
    const { recorded, dropped } = this.#referrerChanges(changes)
    const lines = [...recorded.values()].map((desc) => Buffer.from(formatReferrer(desc)))
    const changed = this.#edited(this.#edits(changes), [...added, ...lines])
    return dropped.size === 0 ? changed : IndexFile.parse(changed, this.where).#withoutReferrers(dropped)
  }

  /** The referrers that changed images add to the file, and those that they no longer record. */
  #referrerChanges(changes: ReadonlyMap<string, Image | undefined>) {
    const recorded = new Map<string, Descriptor>()
    const dropped = new Set<string>()
    for (const [name, image] of changes) {
      for (const { digest } of this.#recordOf(name)) if (this.lines.referrers.has(digest)) dropped.add(digest)
      for (const desc of image?.referrers?.manifests ?? []) recorded.set(desc.digest, desc)
    }
    for (const digest of recorded.keys()) {
      dropped.delete(digest)
      if (this.lines.referrers.has(digest)) recorded.delete(digest)
    }
    return { recorded, dropped }
  }

  /** The file without these referrers, except those that an image records. */
  #withoutReferrers(dropped: ReadonlySet<string>): Buffer {
    const unused = new Set(dropped)
    for (const name of this.names()) for (const { digest } of this.#recordOf(name)) unused.delete(digest)
    const places = [...unused].flatMap((digest) => this.lines.referrers.get(digest) ?? [])
    return this.#edited(
      places.sort((a, b) => a - b).map((at) => ({ at, entry: undefined })),
      [],
    )
  }

  /** The referrers that the image of a name records. Most entries are not parsed. */
  #recordOf(name: string): readonly Descriptor[] {
    const { content, lines } = this
    const hasRecord = this.#placesOf(name).some((at) =>
      mayHaveRecord(content.subarray(at, lineEnd(content, at, lines.last))),
    )
    return hasRecord ? (this.get(name)?.referrers?.manifests ?? []) : []
  }

  /** The file with edits, in the order of the file, and with entries added at the end. */
  #edited(edits: readonly Edit[], added: readonly Uint8Array[]): Buffer {
    const { content } = this
    const { first, last } = this.lines
    const entries: Uint8Array[] = []
    let from = first
    for (const { at, entry } of edits) {
      if (at > from) entries.push(content.subarray(from, at - separator.byteLength))
      if (entry !== undefined) entries.push(entry)
      from = lineEnd(content, at, last) + separator.byteLength
    }
    if (from < last) entries.push(content.subarray(from, last))
    return join(content.subarray(0, first), [...entries, ...added])
  }

  /** Changes of existing lines, in the order of the file. The first line of a name is replaced, the others are removed. */
  #edits(changes: ReadonlyMap<string, Image | undefined>): Edit[] {
    const edits: Edit[] = []
    for (const [name, image] of changes) {
      const entry = image === undefined ? undefined : lineOf(image)
      for (const [i, at] of this.#placesOf(name).entries())
        edits.push({ at, entry: i === 0 ? entry : undefined })
    }
    return edits.sort((a, b) => a.at - b.at)
  }

  #placesOf(name: string): readonly number[] {
    const at = this.lines.named.get(name)
    if (at === undefined) return []
    return typeof at === 'number' ? [at] : at
  }

  /** The place of the entry that `get` reads: the last one with the name that is readable. */
  #shownPlacesOf(name: string): readonly number[] {
    return this.#placesOf(name)
      .filter((at) => this.#imageAt(at) !== undefined)
      .slice(-1)
  }

  #imageAt(at: number): Image | undefined {
    return imageOf(this.#parsedAt(at))
  }

  #parsedAt(at: number): unknown {
    const text = this.content.toString('utf8', at, lineEnd(this.content, at, this.lines.last))
    try {
      return JSON.parse(text)
    } catch (cause) {
      if (!(cause instanceof SyntaxError)) throw cause
      throw new DistError('MALFORMED', `${this.where}: the entry at byte ${at} is not JSON`, { cause })
    }
  }
}

function lineOf(image: Image): Buffer {
  return Buffer.from(formatEntry(entryOf(image)))
}

/** A file of a head with its newline, and entries or runs of entries. */
function join(head: Uint8Array, entries: readonly Uint8Array[]): Buffer {
  const body = entries.flatMap((entry, i) => (i === 0 ? [entry] : [separator, entry]))
  // The newline of the head is the first byte of the end if nothing is between them.
  return Buffer.concat([head, ...body, entries.length === 0 ? fileEnd.subarray(1) : fileEnd])
}
