import { sanitize } from '@dist/errdefs'
import { isDigest } from '@dist/oci'
import type { BlobReport, ReportedError } from '@dist/runs'
import { readReason } from '../jobs/failure.js'
import { blobKey, imageJobId } from '../jobs/ids.js'
import type { RunHead } from '../state/head.js'
import { type ImageRecord, readRecord } from '../state/record.js'
import type { Client } from './client.js'
import { checkIndex } from './lookup.js'

/** Blobs of an image that are reported. */
const reportedAtMost = 1_000

/** What the job of a blob tells of it. */
interface JobOfBlob {
  readonly digest: string
  readonly tries: number
  readonly worker?: string | undefined
  readonly nextTryAt?: Date | undefined
  readonly error?: ReportedError | undefined
}

/** The blobs of an image that were missing when it was planned. See `Runs.blobs`. */
export async function reportBlobs(
  client: Client,
  run: string,
  head: RunHead,
  index: number,
): Promise<BlobReport[]> {
  const { redis, keys, ask } = client
  checkIndex(run, index, head)
  const [text, entries] = await Promise.all([
    ask(redis.hget(keys.images(run), String(index))),
    ask(redis.hgetall(keys.blobs(run, index))),
  ])
  const record = readRecord(text)
  const jobs = await jobsOf(client, imageJobId({ run, index, attempt: record.attempt }))
  const known = new Map([...failuresOf(record), ...jobs].map((each) => [blobKeyOf(each.digest), each]))
  const reports = Object.entries(entries).map(([key, entry]) => reportOf(key, entry, known.get(key)))
  return reports.slice(0, reportedAtMost)
}

function reportOf(key: string, entry: string, job: JobOfBlob | undefined): BlobReport {
  const [state = 'planned', need, counted] = entry.split(' ')
  const size = Number(need)
  return {
    prefix: Buffer.from(key, 'base64url').toString('hex'),
    state: stateOf(state),
    size,
    fetched: state === 'arrived' || state === 'fetched' ? size : Number(counted),
    ...(job ?? { tries: 0 }),
  }
}

function stateOf(state: string): BlobReport['state'] {
  if (state === 'planned') return 'waiting'
  if (state === 'moving' || state === 'arrived') return 'active'
  return state === 'fetched' || state === 'present' ? state : 'failed'
}

/** An image that has failed has the errors of its blobs. */
function failuresOf({ failures = [] }: ImageRecord): JobOfBlob[] {
  return failures.map(({ digest, code, message }) => ({ digest, tries: 0, error: { code, message } }))
}

/** The jobs of blobs that have not ended. */
async function jobsOf({ redis, queues, ask }: Client, imageJob: string): Promise<JobOfBlob[]> {
  const children = await ask(redis.smembers(`${queues.images.toKey(imageJob)}:dependencies`))
  const pipeline = redis.pipeline()
  for (const child of children.slice(0, reportedAtMost)) {
    pipeline.hmget(child, 'data', 'atm', 'failedReason', 'pb')
    pipeline.zscore(queues.blobs.toKey('delayed'), child.slice(queues.blobs.toKey('').length))
  }
  const answers = ((await ask(pipeline.exec())) ?? []).map(([, value]) => value)
  return children.slice(0, reportedAtMost).flatMap((_, i): JobOfBlob[] => {
    const [data, tries, reason, worker] = (answers[2 * i] ?? []) as (string | null)[]
    const digest = digestOf(data)
    if (digest === undefined) return []
    const score = answers[2 * i + 1] as string | null
    // BullMQ keeps the time in all but the last 12 bits.
    const nextTryAt = score === null ? undefined : new Date(Math.floor(Number(score) / 0x1000))
    const error = reason == null ? undefined : readReason(reason)
    const service = worker == null ? undefined : sanitize(worker, 100)
    return [{ digest, tries: Number(tries ?? 0), worker: service, nextTryAt, error }]
  })
}

function digestOf(data: string | null | undefined): string | undefined {
  const { desc } = JSON.parse(data ?? '{}') as { desc?: { digest?: unknown } }
  return typeof desc?.digest === 'string' && isDigest(desc.digest) ? desc.digest : undefined
}

function blobKeyOf(digest: string): string {
  return isDigest(digest) ? blobKey(digest) : ''
}
