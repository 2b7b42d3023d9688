import { DistError, hasUserinfo, sanitize, withoutUserinfo } from '@dist/errdefs'
import { formatPlatform, parsePlatform } from '@dist/oci'
import { formatPrefix, parsePrefix } from '@dist/reference'
import type { RunRequest } from '@dist/runs'
import { newRunId } from '../jobs/ids.js'
import { maxReference } from '../jobs/payload.js'
import { addRunJob } from '../jobs/queues.js'
import { chunkSize } from '../state/head.js'
import type { Client } from './open.js'

/** References of a submission that was cut off are kept so long, in seconds. */
const unfinished = 3_600

/**
 * Writes a run down: its references by chunks as they come, then its head, then its job. A crash before the head
 * leaves references that expire; one behind it leaves a run without a job, which the coordinators' sweep gives it.
 */
export async function submitRun(client: Client, request: RunRequest): Promise<string> {
  const platforms = normalized(request.platforms)
  const to = destinationOf(request)
  const store = to === undefined ? await storeOf(client, request.store) : ''
  const run = newRunId()
  const { redis, keys, queues, tuning, ask } = client
  try {
    const { total, chunks } = await writeReferences(client, run, request.references)
    const createdAt = Date.now()
    const { kind = 'mirror' } = request
    const head = {
      ...{ kind, state: 'running', store, platforms, total, chunks, expanded: 0, round: 0, createdAt },
      ...(to === undefined ? {} : { to }),
      ...(request.byHand ? { byHand: '1' } : {}),
      ...(kind === 'verify' && total === 0 ? { listing: 'wanted' } : {}),
    }
    const transaction = redis.multi()
    transaction.hset(keys.run(run), head)
    transaction.persist(keys.references(run))
    transaction.zadd(keys.runs, createdAt, run)
    transaction.sadd(keys.watched, run)
    await ask(executed(transaction.exec()))
    await ask(addRunJob(queues, { v: 1, run, round: 0 }, tuning))
    return run
  } catch (error) {
    // Nothing is left of a run that nobody was given the id of.
    const rollback = redis.multi().unlink(keys.run(run), keys.references(run)).zrem(keys.runs, run)
    await ask(rollback.srem(keys.watched, run).exec()).catch(() => {})
    throw error
  }
}

async function executed(answers: Promise<[error: Error | null, result: unknown][] | null>): Promise<void> {
  for (const [error] of (await answers) ?? []) if (error !== null) throw error
}

function normalized(platforms: RunRequest['platforms']): string {
  return platforms === 'all' ? 'all' : platforms.map((text) => formatPlatform(parsePlatform(text))).join(',')
}

function destinationOf({ to, kind, store }: RunRequest): string | undefined {
  if (to === undefined) return undefined
  if (kind === 'verify' || store !== undefined)
    throw new DistError(
      'INVALID_ARGUMENT',
      'what goes to a registry concerns no store, and is not verified there',
    )
  return formatPrefix(parsePrefix(to))
}

async function storeOf({ redis, keys, ask }: Client, wanted: string | undefined): Promise<string> {
  const store = await ask(redis.get(keys.store))
  if (wanted !== undefined && store !== null && wanted !== store) {
    throw new DistError(
      'INVALID_ARGUMENT',
      `the services of this queue write to store ${sanitize(store, 100)}, not to ${sanitize(wanted, 100)}: leave the queue out to work on that one`,
    )
  }
  return wanted ?? store ?? ''
}

async function writeReferences(client: Client, run: string, references: RunRequest['references']) {
  let total = 0
  let chunks = 0
  let chunk: string[] = []
  const write = async () => {
    await writeChunk(client, run, chunks++, chunk)
    chunk = []
  }
  for await (const reference of references) {
    total++
    if (chunk.push(kept(reference)) === chunkSize) await write()
  }
  if (chunk.length > 0) await write()
  return { total, chunks }
}

/** What is no reference may have a password: what is kept of it still fails its image. */
function kept(reference: string): string {
  const isForeign = reference.includes('://') || hasUserinfo(reference)
  return isForeign ? sanitize(withoutUserinfo(reference), maxReference) : reference.slice(0, maxReference)
}

async function writeChunk(client: Client, run: string, chunk: number, references: string[]): Promise<void> {
  const { redis, keys, memory, ask } = client
  if (await ask(memory.isFull()))
    throw new DistError('RESOURCE_EXHAUSTED', "the queue's redis is full: raise its maxmemory", {
      retryable: true,
    })
  const key = keys.references(run)
  await ask(
    executed(redis.multi().hset(key, chunk, JSON.stringify(references)).expire(key, unfinished).exec()),
  )
}
