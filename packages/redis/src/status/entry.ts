import type { Status } from '@dist/content'
import { sanitize } from '@dist/errdefs'

/** A write under way, as its worker last published it. The dates are by the worker's clock. */
export interface WorkerStatus extends Pick<Status, 'ref' | 'offset' | 'total' | 'startedAt' | 'updatedAt'> {
  readonly worker: string
}

/** A worker's writes as JSON: its name, then one array for each write. */
export function formatSnapshot(worker: string, writes: Iterable<Omit<WorkerStatus, 'worker'>>): string {
  const rows = [...writes].map((write) => [
    write.ref,
    write.offset,
    write.total ?? null,
    write.startedAt.getTime(),
    write.updatedAt.getTime(),
  ])
  return JSON.stringify([worker, ...rows])
}

/** Reads a snapshot. Invalid rows are left out. */
export function parseSnapshot(text: string): WorkerStatus[] {
  const [worker, ...rows] = parseArray(text)
  if (typeof worker !== 'string') return []
  const name = sanitize(worker, 100)
  return rows.flatMap((row) => parseRow(name, row) ?? [])
}

function parseRow(worker: string, row: unknown): WorkerStatus | undefined {
  if (!Array.isArray(row)) return undefined
  const [ref, offset, total, started, updated] = row as unknown[]
  const startedAt = parseDate(started)
  const updatedAt = parseDate(updated)
  if (typeof ref !== 'string' || startedAt === undefined || updatedAt === undefined) return undefined
  if (!isSize(offset) || (total !== null && !isSize(total))) return undefined
  return { worker, ref: sanitize(ref, 500), offset, total: total ?? undefined, startedAt, updatedAt }
}

function parseArray(text: string): unknown[] {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value : []
  } catch {
    return []
  }
}

function parseDate(value: unknown): Date | undefined {
  const date = new Date(typeof value === 'number' ? value : Number.NaN)
  return Number.isNaN(date.getTime()) ? undefined : date
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
