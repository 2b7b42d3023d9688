import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import type { Expected } from '@dist/content'
import { formatOwner, type Owner, parseOwner } from '@dist/locks'
import { parseDigest } from '@dist/oci'
import { failedWith } from '../files/errors.js'
import { inside } from '../files/paths.js'
import { ownerName, uniqueToken } from '../files/unique.js'

/**
 * A write under way in `ingest/`: the record `<hash of the ref>.json` names the data file with the bytes. The length and
 * the time of the data file are the offset and the time of the last change.
 */
export interface Entry {
  readonly ref: string
  readonly expected: Expected
  readonly startedAt: Date
  /** Name of the data file in `ingest/`. Each writer has its own, or takes over one that has no writer any more. */
  readonly data: string
  /** The process that writes the data; absent once it has closed the file. */
  readonly writer?: Owner | undefined
}

/** An entry with the state of its data file. */
export interface FoundEntry {
  readonly entry: Entry
  /** False after a crash between the rename of a commit and the removal of the record. */
  readonly hasData: boolean
  readonly size: number
  readonly updatedAt: Date
}

export const recordSuffix = '.json'
export const dataSuffix = '.data'
export const temporarySuffix = '.tmp'

/** The key of the lock that allows one write of a ref at a time. */
export const lockKey = (ref: string): string => `write ${ref}`

export function newEntry(ref: string, expected: Expected): Entry {
  return { ref, expected, startedAt: new Date(), data: uniqueFile(dataSuffix) }
}

export function recordFile(ref: string): string {
  return `${createHash('sha256').update(ref).digest('hex').slice(0, 32)}${recordSuffix}`
}

/** A unique file name that contains its maker, this process. */
export function uniqueFile(suffix: string): string {
  return `${ownerName()}.${uniqueToken()}${suffix}`
}

/** The process that made a file of `uniqueFile`. */
export function makerOf(file: string): Owner | undefined {
  return parseOwner(file.slice(0, file.indexOf('.')))
}

export function formatEntry({ ref, expected, startedAt, data, writer }: Entry): string {
  return `${JSON.stringify({ ref, expected, startedAt, data, writer: writer && formatOwner(writer) })}\n`
}

/** The entry of a record; undefined where the record is missing or unreadable. */
export function findEntry(ingest: string, record: string): FoundEntry | undefined {
  const path = inside(ingest, record)
  const stat = statSync(path, { throwIfNoEntry: false })
  const entry = stat === undefined ? undefined : readEntry(path)
  if (stat === undefined || entry === undefined) return undefined
  const data = statSync(inside(ingest, entry.data), { throwIfNoEntry: false })
  if (data === undefined) return { entry, hasData: false, size: 0, updatedAt: stat.mtime }
  return { entry, hasData: true, size: data.size, updatedAt: data.mtime }
}

function readEntry(path: string): Entry | undefined {
  try {
    return parseEntry(JSON.parse(readFileSync(path, 'utf8')))
  } catch (error) {
    // A partial record: its writer was killed while writing it, and the data file is still empty.
    if (error instanceof SyntaxError || failedWith(error, 'ENOENT')) return undefined
    throw error
  }
}

function parseEntry(record: Record<string, unknown>): Entry | undefined {
  const { ref, expected, startedAt, data, writer } = record
  if (typeof ref !== 'string' || typeof data !== 'string' || typeof startedAt !== 'string') return undefined
  if (!/^[0-9a-z.-]+$/.test(data)) return undefined
  const { digest, size } = (expected ?? {}) as Record<string, unknown>
  return {
    ref,
    expected: {
      digest: typeof digest === 'string' ? parseDigest(digest) : undefined,
      size: typeof size === 'number' ? size : undefined,
    },
    startedAt: new Date(startedAt),
    data,
    writer: typeof writer === 'string' ? parseOwner(writer) : undefined,
  }
}
