import type { Image } from '@dist/content'
import { DistError } from '@dist/errdefs'
import { type Digest, isDigest, isRecord } from '@dist/oci'
import { entryOf, imageOf } from './document.js'

/** The newest version of batches that this code reads, and the one it writes. */
const version = 1
const newline = 0x0a

/** One publication or removal. */
export interface Change {
  readonly name: string
  /** The digest that the name had before; undefined if it did not exist. */
  readonly was: Digest | undefined
  /** Undefined removes the name. */
  readonly image: Image | undefined
}

/** Changes that become visible together, as one line of the journal. The `id` makes the line unique. */
export function formatBatch(changes: readonly Change[], id: string): Buffer {
  const list = changes.map(({ name, was, image }) =>
    image === undefined ? { was, removed: name } : { was, entry: entryOf(image) },
  )
  return Buffer.from(`${JSON.stringify({ version, changes: list, id })}\n`)
}

/** What lines of a journal contain. */
export interface Batches {
  readonly changes: readonly Change[]
  /** The bytes of all complete lines. The rest is an incomplete write that no caller was told to be done. */
  readonly size: number
}

/**
 * Reads lines of a journal. Throws `NOT_IMPLEMENTED` for a line of a newer version, `MALFORMED` for a damaged line before
 * the last one; `where` names the file.
 */
export function parseBatches(content: Buffer, where: string): Batches {
  const changes: Change[] = []
  let size = 0
  for (let stop = content.indexOf(newline); stop >= 0; stop = content.indexOf(newline, size)) {
    const batch = parseBatch(content.toString('utf8', size, stop), where)
    // After a power failure the end of a line can be on the disk without its middle.
    if (batch === undefined && stop + 1 === content.byteLength) break
    if (batch === undefined)
      throw new DistError(
        'MALFORMED',
        `${where}: damaged at byte ${size}; remove the file, and mirror the images of the last minutes again`,
      )
    changes.push(...batch)
    size = stop + 1
  }
  return { changes, size }
}

/** Undefined if the line is damaged. */
function parseBatch(line: string, where: string): Change[] | undefined {
  let batch: unknown
  try {
    batch = JSON.parse(line)
  } catch {
    return undefined
  }
  if (!isRecord(batch) || typeof batch.version !== 'number') return undefined
  if (batch.version !== version)
    throw new DistError(
      'NOT_IMPLEMENTED',
      `${where}: version ${batch.version} is not supported, expected ${version}; use a newer dist`,
    )
  const changes = Array.isArray(batch.changes) ? batch.changes.map(parseChange) : [undefined]
  return changes.every((change) => change !== undefined) ? changes : undefined
}

function parseChange(change: unknown): Change | undefined {
  if (!isRecord(change)) return undefined
  const { was, removed, entry } = change
  if (was !== undefined && !(typeof was === 'string' && isDigest(was))) return undefined
  if (typeof removed === 'string') return { name: removed, was, image: undefined }
  const image = imageOf(entry)
  return image === undefined ? undefined : { name: image.name, was, image }
}
