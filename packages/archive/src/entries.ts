import { posix } from 'node:path'
import { DistError, sanitize, throwIfAborted } from '@dist/errdefs'
import { malformed } from '@dist/oci'
import { decompress, readTar } from '@dist/tar'

/** More than any archive of images has: what is kept of each is in memory. */
const maxEntries = 200_000
/** S3's largest object: what claims to be larger is not meant to be read. */
const maxEntrySize = 5 * 1024 ** 4

/** A file of an archive, or a link to one. */
export interface ArchiveEntry {
  /** Below the archive's root, without `.` and `..`. */
  readonly path: string
  /** Bytes. */
  readonly size: number
  /** The path that a link means; undefined for a file. */
  readonly target: string | undefined
  readonly body: AsyncIterable<Uint8Array>
}

export interface ReadEntriesOptions {
  signal?: AbortSignal | undefined
  /** The most entries that an archive may have, folders included. Default: 200,000. */
  limit?: number | undefined
}

/**
 * The files and links of an archive, plain, gzip or zstd, in its order. A body has to be read before the next entry
 * is asked for, or is passed over. Throws `MALFORMED`, with the entry's name, for names and links that lead out of the
 * archive, for devices and the like, absurd sizes, and too many entries; for what is no archive too, was cut off within an
 * entry, or has another archive behind it.
 */
export async function* readEntries(
  source: AsyncIterable<Uint8Array>,
  { signal, limit = maxEntries }: ReadEntriesOptions = {},
): AsyncIterable<ArchiveEntry> {
  let count = 0
  const reading = { signal }
  // What was cut off lacks something that its index names: that is how it is told.
  for await (const { header, body } of readTar(filled(decompress(source)), {
    ...reading,
    openEnd: true,
    alone: true,
  })) {
    throwIfAborted(signal)
    if (++count > limit) throw malformed('the archive', `has more than ${limit} entries`)
    const path = pathOf(header.name, header.name)
    if (header.type === 'directory') continue
    if (path === '') throw malformed(shownEntry(header.name), 'has no name')
    if (header.size > maxEntrySize) throw malformed(shownEntry(path), `claims to have ${header.size} bytes`)
    yield { path, size: header.size, target: targetOf(path, header), body }
  }
}

/** Throws for a source without a byte. */
async function* filled(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let isEmpty = true
  for await (const chunk of source) {
    isEmpty &&= chunk.byteLength === 0
    yield chunk
  }
  if (isEmpty) throw malformed('there is no archive:', 'it has no bytes')
}

/** An entry for a message: whoever made the archive chose its name. */
export function shownEntry(path: string): string {
  return `archive entry "${sanitize(path, 150)}"`
}

interface Linking {
  readonly type: string
  readonly linkname?: string | undefined
}

function targetOf(path: string, { type, linkname = '' }: Linking): string | undefined {
  // Symbolic links start where they stand, hard links at the root.
  if (type === 'symlink') return pathOf(posix.join(posix.dirname(path), linkname), path, linkname)
  if (type === 'link') return pathOf(linkname, path)
  if (type === 'file') return undefined
  throw malformed(shownEntry(path), `is a ${sanitize(type, 40)}: an archive of images has files only`)
}

function pathOf(name: string, entry: string, written = name): string {
  if (written.startsWith('/') || name.split('/').includes('..'))
    throw new DistError('MALFORMED', `${shownEntry(entry)} leads out of the archive`)
  return name
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/')
}
