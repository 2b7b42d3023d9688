import { DistError } from '@dist/errdefs'
import { type Digest, isDigest, isRecord } from '@dist/oci'

/** Beside each other in a snapshot's directory: what is written down about it, and the root filesystem. */
export const recordFile = 'snapshot.json'
export const rootFolder = 'fs'

/** A root filesystem as one layer, on top of those below it, left it. Immutable: whoever wants to write copies it. */
export interface Snapshot extends SnapshotRecord {
  /** The directory that is its root. Absolute. */
  readonly path: string
}

/** What is written down about a snapshot. */
export interface SnapshotRecord {
  readonly chainID: Digest
  /** The chain ID of the layers below; undefined for a lowest layer. Their snapshot need not be there. */
  readonly parent?: Digest | undefined
  readonly diffID: Digest
  /** The digest of the layer as it is stored. */
  readonly layer: Digest
  /**
   * Bytes on disk when it was made, what it has of its parents included: snapshots are full copies. Where the file
   * system shares blocks between them it is less. Undefined where it could not be found out.
   */
  readonly size?: number | undefined
  /** Entries of the layer's archive. */
  readonly entries: number
  readonly createdAt: Date
}

export function formatRecord(record: SnapshotRecord): string {
  return `${JSON.stringify(record)}\n`
}

/** Reads what `formatRecord` wrote. Throws `MALFORMED`. */
export function parseRecord(text: string, path: string): SnapshotRecord {
  const record = parsed(text)
  if (record === undefined)
    throw new DistError('MALFORMED', `${path} is damaged: remove the snapshot, and unpack its image again`)
  return record
}

function parsed(text: string): SnapshotRecord | undefined {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!isRecord(document)) return undefined
  const { chainID, parent, diffID, layer, size, entries, createdAt } = document
  const created = new Date(String(createdAt))
  if (!isDigestText(chainID) || !isDigestText(diffID) || !isDigestText(layer)) return undefined
  if (parent !== undefined && !isDigestText(parent)) return undefined
  if (typeof entries !== 'number' || Number.isNaN(created.getTime())) return undefined
  return {
    chainID,
    diffID,
    layer,
    entries,
    createdAt: created,
    parent,
    ...(typeof size === 'number' ? { size } : {}),
  }
}

function isDigestText(value: unknown): value is Digest {
  return typeof value === 'string' && isDigest(value)
}
