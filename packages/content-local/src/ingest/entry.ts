import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Expected } from '@dist/content'
import { formatOwner, type Owner, parseOwner, thisProcess } from '@dist/locks'
import { parseDigest } from '@dist/oci'

/**
 * A write under way as it stands in `ingest/`: `<hash of the ref>.json`, which is this record, names the file that
 * takes the bytes. How many came and when the last did is that file's length and time.
 */
export interface Entry {
  readonly ref: string
  readonly expected: Expected
  readonly startedAt: Date
  /** File in `ingest/`. Each writer has one of its own, unless it goes on with one that nobody writes any more. */
  readonly data: string
  /** Who writes the data; absent once that writer has closed it. */
  readonly writer?: Owner | undefined
}

/** An entry with the state of its data. */
export interface Found {
  readonly entry: Entry
  /** False after a crash between the commit's rename and the removal of the record. */
  readonly hasData: boolean
  readonly size: number
  readonly updatedAt: Date
}

export const recordSuffix = '.json'
export const dataSuffix = '.data'
export const temporarySuffix = '.tmp'

/** What one write at a time of a ref holds. */
export const lockKey = (ref: string): string => `write ${ref}`

export function recordFile(ref: string): string {
  return `${createHash('sha256').update(ref).digest('hex').slice(0, 32)}${recordSuffix}`
}

/** A file name that nobody else has, which tells whose it is. */
export function ownFile(suffix: string): string {
  return `${formatOwner(thisProcess())}.${randomBytes(8).toString('hex')}${suffix}`
}

/** Who made a file of `ownFile`. */
export function makerOf(file: string): Owner | undefined {
  return parseOwner(file.slice(0, file.indexOf('.')))
}

export function formatEntry({ ref, expected, startedAt, data, writer }: Entry): string {
  return `${JSON.stringify({ ref, expected, startedAt, data, writer: writer && formatOwner(writer) })}\n`
}

/** The entry of a record, or undefined where there is none that can be read. */
export function findEntry(ingest: string, record: string): Found | undefined {
  const path = join(ingest, record)
  const stat = statSync(path, { throwIfNoEntry: false })
  const entry = stat === undefined ? undefined : readEntry(path)
  if (stat === undefined || entry === undefined) return undefined
  const data = statSync(join(ingest, entry.data), { throwIfNoEntry: false })
  if (data === undefined) return { entry, hasData: false, size: 0, updatedAt: stat.mtime }
  return { entry, hasData: true, size: data.size, updatedAt: data.mtime }
}

function readEntry(path: string): Entry | undefined {
  try {
    return parseEntry(JSON.parse(readFileSync(path, 'utf8')))
  } catch (error) {
    // Half a record: its writer was killed while it wrote it. There is nothing in the data yet.
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function parseEntry(record: Record<string, unknown>): Entry | undefined {
  const { ref, expected, startedAt, data, writer } = record
  if (typeof ref !== 'string' || typeof data !== 'string' || typeof startedAt !== 'string') return undefined
  if (!/^[0-9a-z.-]+$/.test(data)) return undefined
  const { digest, size } = (expected ?? {}) as Record<string, unknown>
  const owner = typeof writer === 'string' ? parseOwner(writer) : undefined
  return {
    ref,
    expected: {
      ...(typeof digest === 'string' ? { digest: parseDigest(digest) } : {}),
      ...(typeof size === 'number' ? { size } : {}),
    },
    startedAt: new Date(startedAt),
    data,
    writer: owner,
  }
}
