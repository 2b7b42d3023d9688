import { DistError, hasUserinfo, sanitize, withoutUserinfo } from '@dist/errdefs'
import { formatPlatform, parsePlatform } from '@dist/oci'
import { formatPrefix, parsePrefix } from '@dist/reference'
import type { RunRequest } from '@dist/runs'
import { newRunId } from '../jobs/ids.js'
import { maxReference } from '../jobs/payload.js'
import { addRunJob } from '../jobs/queues.js'
import { queueRedis } from '../redis/errors.js'
import { entriesOf } from '../run/sources.js'
import { chunkSize } from '../state/head.js'
import type { Client } from './client.js'

/** What submits a run. */
export type Submitter = Pick<Client, 'redis' | 'keys' | 'queues' | 'memory' | 'ask'>

/** Seconds after which the references of an unfinished submission expire. */
const unfinishedSeconds = 3_600

/**
 * Writes a run: its references by chunks as they come, then its head, then its job. After a crash before the head the
 * references expire; after a crash behind it the coordinators' sweep adds the job.
 */
export async function submitRun(
  client: Submitter,
  request: RunRequest,
  run: string = newRunId(),
): Promise<string> {
  const platforms = normalize(request.platforms)
  const sources = await sourcesOf(request)
  const to = destinationOf(request)
  const store = to === undefined ? await storeOf(client, request.store) : ''
  const referrers = referrersOfHead(request)
  const { redis, keys, queues, ask } = client
  try {
    const { total, chunks } = await writeReferences(client, run, request.references)
    const createdAt = Date.now()
    const { kind = 'mirror' } = request
    const repairs = kind === 'verify' && request.repairs === true
    const isListed = sources !== undefined || kind === 'repair' || (kind === 'verify' && total === 0)
    const head = {
      ...{ kind, state: 'running', store, platforms, total, chunks, expanded: 0, round: 0, createdAt },
      ...(to === undefined ? {} : { to }),
      ...(referrers === undefined ? {} : { referrers }),
      ...(request.schedule === undefined ? {} : { schedule: request.schedule }),
      ...(request.byHand ? { byHand: '1' } : {}),
      ...(request.force ? { force: '1' } : {}),
      ...(sources === undefined ? {} : { sources: '1' }),
      ...(isListed ? { listing: 'wanted' } : {}),
      ...(repairs ? { repairs: '1', closing: 'wanted' } : {}),
    }
    const transaction = redis.multi()
    if (sources !== undefined) transaction.set(keys.sources(run), sources)
    transaction.hset(keys.run(run), head)
    transaction.persist(keys.references(run))
    transaction.zadd(keys.runs, createdAt, run)
    transaction.sadd(keys.watched, run)
    await ask(checkResults(transaction.exec()))
    await ask(
      addRunJob(queues, { run, round: 0 }, { kind, sources: sources !== undefined, repairs, referrers }),
    )
    return run
  } catch (error) {
    // The caller gets no id: remove the run.
    const rollback = redis
      .multi()
      .unlink(keys.run(run), keys.references(run), keys.sources(run))
      .zrem(keys.runs, run)
    await ask(rollback.srem(keys.watched, run).exec()).catch(() => {})
    throw error
  }
}

/** Throws the first error of a transaction. */
async function checkResults(
  answers: Promise<[error: Error | null, result: unknown][] | null>,
): Promise<void> {
  for (const [error] of (await answers) ?? []) if (error !== null) throw error
}

function normalize(platforms: RunRequest['platforms']): string {
  return platforms === 'all' ? 'all' : platforms.map((text) => formatPlatform(parsePlatform(text))).join(',')
}

function destinationOf({ to, kind, store }: RunRequest): string | undefined {
  if (to === undefined) return undefined
  if ((kind ?? 'mirror') !== 'mirror' || store !== undefined)
    throw new DistError('INVALID_ARGUMENT', 'a run to a registry has no store, and mirrors')
  return formatPrefix(parsePrefix(to))
}

/** Undefined for what comes without a wish, which services of an older version bring as well. */
function referrersOfHead({ referrers, kind, to }: RunRequest): string | undefined {
  if (referrers === undefined || referrers === (to !== undefined)) return undefined
  if ((kind ?? 'mirror') !== 'mirror')
    throw new DistError('INVALID_ARGUMENT', 'referrers are for runs that mirror')
  return JSON.stringify(referrers)
}

/** The mirror file as Redis keeps it. It is checked here, so that its author is told, and again where it is used. */
async function sourcesOf({ sources, kind, to, referrers }: RunRequest): Promise<string | undefined> {
  if (sources === undefined) return undefined
  if ((kind ?? 'mirror') !== 'mirror' || to !== undefined || referrers !== undefined)
    throw new DistError(
      'INVALID_ARGUMENT',
      'a mirror file says itself where images go and what comes with them, and is mirrored',
    )
  await entriesOf(sources)
  return JSON.stringify({ text: sources.text, language: sources.language })
}

/** The id of the store of the services, as far as it is known. Throws `INVALID_ARGUMENT` if another one is expected. */
export async function storeOf(
  { redis, keys, ask }: Submitter,
  expected: string | undefined,
): Promise<string> {
  const store = await ask(redis.get(keys.store))
  if (expected !== undefined && store !== null && expected !== store) {
    throw new DistError(
      'INVALID_ARGUMENT',
      `the services of this queue use store ${sanitize(store, 100)}, expected ${sanitize(expected, 100)}; to work on that store, leave the queue out`,
    )
  }
  return expected ?? store ?? ''
}

async function writeReferences(client: Submitter, run: string, references: RunRequest['references']) {
  let total = 0
  let chunks = 0
  let chunk: string[] = []
  const write = async () => {
    await writeChunk(client, run, chunks++, chunk)
    chunk = []
  }
  for await (const reference of references) {
    total++
    if (chunk.push(withoutPassword(reference)) === chunkSize) await write()
  }
  if (chunk.length > 0) await write()
  return { total, chunks }
}

/** An invalid reference may be a URL with a password, which is removed. The rest still fails its image. */
function withoutPassword(reference: string): string {
  const mayHavePassword = reference.includes('://') || hasUserinfo(reference)
  return mayHavePassword
    ? sanitize(withoutUserinfo(reference), maxReference)
    : reference.slice(0, maxReference)
}

async function writeChunk(
  client: Submitter,
  run: string,
  chunk: number,
  references: string[],
): Promise<void> {
  const { redis, keys, memory, ask } = client
  if (await ask(memory.isFull()))
    throw new DistError('RESOURCE_EXHAUSTED', `${queueRedis}: its memory is full: raise maxmemory`, {
      retryable: true,
    })
  const key = keys.references(run)
  await ask(
    checkResults(
      redis.multi().hset(key, chunk, JSON.stringify(references)).expire(key, unfinishedSeconds).exec(),
    ),
  )
}
