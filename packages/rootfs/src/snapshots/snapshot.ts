import { DistError } from '@dist/errdefs'
import { type Digest, isDigest, isRecord } from '@dist/oci'

/** In the directory of a snapshot: its record, and the root filesystem. */
export const recordFile = 'snapshot.json'
export const rootDirectory = 'fs'

/** The root filesystem made of a layer and all lower ones. Immutable: a writer works on a copy. */
export interface Snapshot extends SnapshotRecord {
  /** The directory of the root filesystem. Absolute. */
  readonly path: string
}

/** The record of a snapshot. */
export interface SnapshotRecord {
  readonly chainID: Digest
  /** The chain ID of the lower layers; undefined for the lowest layer. Their snapshot need not exist. */
  readonly parent?: Digest | undefined
  readonly diffID: Digest
  /** The digest of the stored layer. */
  readonly layer: Digest
  /**
   * Bytes on disk when it was made, including those of lower layers, since snapshots are full copies. A file system that
   * shares blocks needs less. Undefined where `du` is missing.
   */
  readonly size?: number | undefined
  /** Entries in the archive of the layer. */
  readonly entries: number
  readonly createdAt: Date
}

export function formatRecord(record: SnapshotRecord): string {
  return `${JSON.stringify(record)}\n`
}

/** Parses a record of `formatRecord`. Throws `MALFORMED`. */
export function parseRecord(text: string, path: string): SnapshotRecord {
  const record = parse(text)
  if (record === undefined)
    throw new DistError('MALFORMED', `${path}: damaged; remove the snapshot and unpack its image again`)
  return record
}

function parse(text: string): SnapshotRecord | undefined {
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
