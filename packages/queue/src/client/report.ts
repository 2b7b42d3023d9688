import { DistError, hasCode } from '@dist/errdefs'
import { destinationName } from '@dist/mirror'
import { isDigest } from '@dist/oci'
import { type Locator, parsePrefix, parseReference } from '@dist/reference'
import type { ImageReport } from '@dist/runs'
import { type Item, readItem } from '../run/items.js'
import { chunkSize, type RunHead } from '../state/head.js'
import { readPruned, reportOfPruned } from '../state/pruned.js'
import { type ImageRecord, readRecord, reportOf } from '../state/record.js'
import type { Client } from './client.js'

/** What reports are read from. */
export type ReportSource = Pick<Client, 'redis' | 'keys' | 'states' | 'ask'>

/**
 * The images of a run, chunk by chunk, then what it has pruned; the next chunk is read while the caller works on one.
 * `NOT_FOUND` when Redis has lost its references.
 */
export async function* reportImages(
  client: ReportSource,
  run: string,
  head: RunHead,
): AsyncIterable<ImageReport> {
  const prefix = head.to === undefined ? undefined : parsePrefix(head.to)
  let next = readChunk(client, run, head, 0)
  for (let chunk = 0; chunk < head.chunks; chunk++) {
    const { references, records } = await next
    next = readChunk(client, run, head, chunk + 1)
    for (const [i, reference] of references.entries()) {
      const index = chunk * chunkSize + i
      yield itemReport(index, readItem(reference, head), readRecord(records[i]), head, prefix)
    }
  }
  yield* reportPruned(client, run, head)
}

/** What the run has pruned, and the mirrors that failed to prune. */
export async function* reportPruned(
  { ask, redis, keys }: ReportSource,
  run: string,
  { total }: RunHead,
): AsyncIterable<ImageReport> {
  let index = total
  for (let list = 0; ; list++) {
    const text = await ask(redis.lindex(keys.pruned(run), list))
    if (text === null) return
    for (const record of readPruned(text)) yield reportOfPruned(index++, record)
  }
}

export function itemReport(
  index: number,
  { reference, entry, to, refused }: Item,
  record: ImageRecord,
  head: RunHead,
  prefix: Locator | undefined,
): ImageReport {
  const report = reportOf(index, reference, record, head.state === 'canceled')
  if (prefix !== undefined) return { ...report, to: destinationNameOf(report, prefix) }
  if (entry === undefined) return report
  // What could not be listed or named had no work of its own.
  const stage = refused !== undefined && report.state === 'failed' ? { stage: refused.stage } : {}
  return { ...report, entry, ...(to === undefined ? {} : { to }), ...stage }
}

interface Chunk {
  readonly references: readonly string[]
  /** As Redis keeps them: they are read one by one. */
  readonly records: readonly (string | null)[]
}

/** Empty behind the last chunk. */
function readChunk(client: ReportSource, run: string, head: RunHead, chunk: number): Promise<Chunk> {
  const { ask, states, redis, keys } = client
  const first = chunk * chunkSize
  const read = async () => {
    const length = Math.min(chunkSize, head.total - first)
    if (chunk >= head.chunks || length <= 0) return { references: [], records: [] }
    const fields = Array.from({ length }, (_, i) => first + i)
    const [references, records] = await Promise.all([
      ask(states.chunk(run, chunk)),
      ask(redis.hmget(keys.images(run), ...fields.map(String))),
    ])
    if (references !== undefined) return { references, records }
    throw lostReferences(run)
  }
  const answer = read()
  // Awaited later, or never.
  answer.catch(() => {})
  return answer
}

export function lostReferences(run: string): DistError {
  return new DistError('NOT_FOUND', `run ${run}: Redis has lost its references; submit it again`)
}

/** The name of an image at its destination; none for an invalid reference. */
function destinationNameOf({ reference, digest }: ImageReport, prefix: Locator): string | undefined {
  try {
    const actual = digest !== undefined && isDigest(digest) ? digest : undefined
    return destinationName(parseReference(reference), prefix, actual)
  } catch (error) {
    if (hasCode(error, 'INVALID_ARGUMENT')) return undefined
    throw error
  }
}
