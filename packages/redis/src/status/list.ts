import type { Redis } from 'ioredis'
import { within } from '../answer.js'
import { redisError } from '../errors.js'
import { parseSnapshot, type WorkerStatus } from './entry.js'

/** Bytes of a snapshot that are read: some 5,000 writes. What is longer is cut, and then left out. */
const longestSnapshot = 1024 * 1024
const mostWorkers = 10_000

/** The writes of all workers, read from below a prefix. */
export async function* listStatuses(
  redis: Redis,
  prefix: string,
  patience: number,
): AsyncIterable<WorkerStatus> {
  const ask = <T>(answer: Promise<T>) =>
    within(answer, patience).catch((error: unknown) => {
      throw redisError(redis, 'listing statuses', error)
    })
  for (const id of await ask(redis.zrange(`${prefix}:statuses`, '0', `${mostWorkers - 1}`)))
    yield* parseSnapshot(await ask(redis.getrange(`${prefix}:status:${id}`, 0, longestSnapshot - 1)))
}
