import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import { redisError } from '../errors.js'
import { checkPrefix, defaultPrefix } from '../prefix.js'
import { within } from '../within.js'
import { formatSnapshot, parseSnapshot, type WorkerStatus } from './entry.js'
import { dropSnapshot, putSnapshot } from './scripts.js'

export interface RedisStatusesOptions {
  /** The name of the worker whose writes these are, for people; not unique. */
  worker: string
  /** All keys begin with it. Default: `{dist}`. */
  prefix?: string | undefined
  /** Milliseconds between two publications. Default: 1,000. */
  every?: number | undefined
  /** Milliseconds after which the writes of a killed worker are no longer listed. Default: 10,000. */
  ttl?: number | undefined
  /** How long `list` waits for each answer. Default: 5,000. */
  timeoutMs?: number | undefined
}

/** Shows the writes under way of all workers to all that share the Redis. */
export interface RedisStatuses extends AsyncDisposable {
  /** Reports how far a write is. The latest report of each write is published at most once in `every`. */
  publish(status: Omit<WorkerStatus, 'worker'>): void
  /** Reports that the write has ended. Does nothing for a ref that was not published. */
  remove(ref: string): void
  /**
   * The writes under way of all workers, worker by worker. Memory is bounded by the largest worker. Throws
   * `UNAVAILABLE` when Redis is away.
   */
  list(): AsyncIterable<WorkerStatus>
}

/** Bytes of a snapshot that are read: about 5,000 writes. A longer one is cut, and then left out as invalid. */
const maxSnapshot = 1024 * 1024
const maxWorkers = 10_000

/**
 * Statuses in Redis: one snapshot for each worker, which expires unless it is put again. Best effort: snapshots that
 * cannot be published are dropped, and nothing waits for them.
 */
export function createRedisStatuses(redis: Redis, options: RedisStatusesOptions): RedisStatuses {
  return new Publisher(redis, options)
}

class Publisher implements RedisStatuses {
  readonly #writes = new Map<string, Omit<WorkerStatus, 'worker'>>()
  readonly #id = randomBytes(8).toString('hex')
  readonly #prefix: string
  readonly #timeoutMs: number
  #timer: NodeJS.Timeout | undefined
  #publishedAt = Number.NEGATIVE_INFINITY
  #busy = false

  constructor(
    private readonly redis: Redis,
    private readonly options: RedisStatusesOptions,
  ) {
    this.#prefix = checkPrefix(options.prefix ?? defaultPrefix)
    this.#timeoutMs = options.timeoutMs ?? 5_000
  }

  publish(status: Omit<WorkerStatus, 'worker'>): void {
    this.#writes.set(status.ref, status)
    this.#schedule()
  }

  remove(ref: string): void {
    if (this.#writes.delete(ref)) this.#schedule()
  }

  async *list(): AsyncIterable<WorkerStatus> {
    const ask = <T>(answer: Promise<T>) =>
      within(answer, this.#timeoutMs).catch((error: unknown) => {
        throw redisError(this.redis, 'listing statuses', error)
      })
    for (const id of await ask(this.redis.zrange(this.#workersKey, '0', `${maxWorkers - 1}`)))
      yield* parseSnapshot(await ask(this.redis.getrange(this.#snapshotKey(id), 0, maxSnapshot - 1)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer)
    this.#writes.clear()
    await within(this.#send(), this.#timeoutMs).catch(() => {})
  }

  get #workersKey(): string {
    return `${this.#prefix}:statuses`
  }

  #snapshotKey(id: string): string {
    return `${this.#prefix}:status:${id}`
  }

  #schedule(): void {
    if (this.#timer !== undefined) return
    const every = this.options.every ?? 1_000
    const wait = Math.max(0, this.#publishedAt + every - performance.now())
    this.#timer = setTimeout(() => this.#flush(), wait).unref()
  }

  async #flush(): Promise<void> {
    this.#timer = undefined
    this.#publishedAt = performance.now()
    // A write without progress is still under way: its snapshot is put again before it expires.
    if (this.#writes.size > 0 || this.#busy) this.#schedule()
    // While Redis is away one snapshot waits in the client, not one for each interval.
    if (this.#busy) return
    this.#busy = true
    await this.#send().catch(() => {})
    this.#busy = false
  }

  #send(): Promise<void> {
    const keys = { snapshot: this.#snapshotKey(this.#id), workers: this.#workersKey }
    if (this.#writes.size === 0) return dropSnapshot(this.redis, keys, { id: this.#id })
    const snapshot = formatSnapshot(this.options.worker, this.#writes.values())
    return putSnapshot(this.redis, keys, { id: this.#id, ttl: this.options.ttl ?? 10_000, snapshot })
  }
}
