import { posix } from 'node:path'
import { DistError, sanitize, throwIfAborted } from '@dist/errdefs'
import { malformed } from '@dist/oci'
import { decompress, readTar } from '@dist/tar'

/** More than any real archive of images has. The paths are kept in memory. */
const maxEntries = 200_000
/** The largest object of S3. */
const maxEntrySize = 5 * 1024 ** 4

/** A file of an archive, or a link. */
export interface ArchiveEntry {
  /** Relative to the root of the archive, without `.` and `..`. */
  readonly path: string
  /** Bytes. */
  readonly size: number
  /** The path of the target of a link; undefined for a file. */
  readonly target: string | undefined
  readonly body: AsyncIterable<Uint8Array>
}

export interface ReadEntriesOptions {
  signal?: AbortSignal | undefined
  /** Maximum number of entries, directories included. Default: 200,000. */
  limit?: number | undefined
}

/**
 * The files and links of an archive, plain, gzip or zstd, in its order. A body can be read until the next entry is requested.
 * Throws `MALFORMED`, with the name of the entry, for paths and links outside the archive, for devices and other types, for
 * sizes and numbers of entries beyond the limits; also for content that is not an archive, is truncated within an entry, or is
 * followed by another archive.
 */
export async function* readEntries(
  source: AsyncIterable<Uint8Array>,
  { signal, limit = maxEntries }: ReadEntriesOptions = {},
): AsyncIterable<ArchiveEntry> {
  let count = 0
  const reading = { signal }
  // An archive that is truncated between entries is recognized later: it lacks content that its index names.
  for await (const { header, body } of readTar(nonEmpty(decompress(source)), {
    ...reading,
    openEnd: true,
    alone: true,
  })) {
    throwIfAborted(signal)
    if (++count > limit) throw malformed('the archive', `has more than ${limit} entries`)
    const path = pathOf(header.name, header.name)
    if (header.type === 'directory') continue
    if (path === '') throw malformed(shownEntry(header.name), 'has an empty name')
    if (header.size > maxEntrySize)
      throw malformed(shownEntry(path), `has ${header.size} bytes, maximum ${maxEntrySize}`)
    yield { path, size: header.size, target: targetOf(path, header), body }
  }
}

/** Throws `MALFORMED` for a source without bytes. */
async function* nonEmpty(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let isEmpty = true
  for await (const chunk of source) {
    isEmpty &&= chunk.byteLength === 0
    yield chunk
  }
  if (isEmpty) throw malformed('the archive', 'is empty')
}

/** The name of an entry for messages, sanitized because it is foreign text. */
export function shownEntry(path: string): string {
  return `archive entry "${sanitize(path, 150)}"`
}

interface Linking {
  readonly type: string
  readonly linkname?: string | undefined
}

function targetOf(path: string, { type, linkname = '' }: Linking): string | undefined {
  // Symbolic links are relative to their directory, hard links to the root.
  if (type === 'symlink') return pathOf(posix.join(posix.dirname(path), linkname), path, linkname)
  if (type === 'link') return pathOf(linkname, path)
  if (type === 'file') return undefined
  throw malformed(shownEntry(path), `has type ${sanitize(type, 40)}, expected a file`)
}

function pathOf(name: string, entry: string, written = name): string {
  if (written.startsWith('/') || name.split('/').includes('..'))
    throw new DistError('MALFORMED', `${shownEntry(entry)} leads outside the archive`)
  return name
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/')
}
