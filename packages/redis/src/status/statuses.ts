import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import { within } from '../answer.js'
import { checkPrefix, defaultPrefix } from '../prefix.js'
import { defineScript, type Script } from '../script.js'
import { formatSnapshot, type WorkerStatus } from './entry.js'
import { listStatuses } from './list.js'

export interface RedisStatusesOptions {
  /** Whose writes they are, for people. Need not be unique. */
  worker: string
  /** What all keys begin with. Default `{dist}`. */
  prefix?: string | undefined
  /** Milliseconds between two publications. Default 1,000. */
  every?: number | undefined
  /** Milliseconds after which the writes of a worker that was killed are listed no more. Default 10,000. */
  ttl?: number | undefined
  /** Milliseconds that `list` waits for each answer. Default 5,000. */
  patience?: number | undefined
}

/** Shows all workers' writes under way to everybody who shares the Redis. */
export interface RedisStatuses extends AsyncDisposable {
  /** Tells how far a write is. Costs nothing: the last word of each is published at most once in `every`. */
  publish(status: Omit<WorkerStatus, 'worker'>): void
  /** The write has ended. Does nothing for a ref that was not published. */
  remove(ref: string): void
  /**
   * The writes under way of all workers, one worker's after the other; memory is bounded by the largest of them.
   * Throws `UNAVAILABLE` when Redis is away.
   */
  list(): AsyncIterable<WorkerStatus>
}

/** KEYS: the snapshot, the workers. ARGV: who it is of, TTL in milliseconds, snapshot. */
const putScript = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
return redis.call('ZADD', KEYS[2], now + ARGV[2], ARGV[1])`

/** KEYS: the snapshot, the workers. ARGV: who it is of. */
const dropScript = `
redis.call('DEL', KEYS[1])
return redis.call('ZREM', KEYS[2], ARGV[1])`

/**
 * Statuses that live in Redis as one snapshot for each worker, which expires unless it is put again. What cannot be
 * published is left out: nothing waits for it or fails by it.
 */
export function createRedisStatuses(redis: Redis, options: RedisStatusesOptions): RedisStatuses {
  return new Publisher(redis, options)
}

class Publisher implements RedisStatuses {
  readonly #writes = new Map<string, Omit<WorkerStatus, 'worker'>>()
  readonly #id = randomBytes(8).toString('hex')
  readonly #prefix: string
  readonly #put: Script
  readonly #drop: Script
  #timer: NodeJS.Timeout | undefined
  #publishedAt = Number.NEGATIVE_INFINITY
  #busy = false

  constructor(
    private readonly redis: Redis,
    private readonly options: RedisStatusesOptions,
  ) {
    this.#prefix = checkPrefix(options.prefix ?? defaultPrefix)
    this.#put = defineScript(redis, 'distStatusPut', putScript)
    this.#drop = defineScript(redis, 'distStatusDrop', dropScript)
  }

  publish(status: Omit<WorkerStatus, 'worker'>): void {
    this.#writes.set(status.ref, status)
    this.#schedule()
  }

  remove(ref: string): void {
    if (this.#writes.delete(ref)) this.#schedule()
  }

  list(): AsyncIterable<WorkerStatus> {
    return listStatuses(this.redis, this.#prefix, this.options.patience ?? 5_000)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer)
    this.#writes.clear()
    await within(this.#send(), this.options.patience ?? 5_000).catch(() => {})
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
    // A write that stands still is under way all the same: put again before its snapshot expires.
    if (this.#writes.size > 0 || this.#busy) this.#schedule()
    // While Redis is away one snapshot waits in the client, not one for every second.
    if (this.#busy) return
    this.#busy = true
    await this.#send().catch(() => {})
    this.#busy = false
  }

  #send(): Promise<unknown> {
    const keys = [`${this.#prefix}:status:${this.#id}`, `${this.#prefix}:statuses`]
    if (this.#writes.size === 0) return this.#drop(keys, [this.#id])
    const snapshot = formatSnapshot(this.options.worker, this.#writes.values())
    return this.#put(keys, [this.#id, this.options.ttl ?? 10_000, snapshot])
  }
}
