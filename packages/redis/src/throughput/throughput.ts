import type { Redis } from 'ioredis'
import { redisError } from '../errors.js'
import { checkPrefix, defaultPrefix } from '../prefix.js'
import { within } from '../within.js'
import { addMoved, readMoved, series } from './scripts.js'

/** What services have done in some time. */
export interface Moved {
  /** Received from registries. */
  readonly bytes: number
  /** Images that are done. */
  readonly images: number
  readonly failed: number
}

export interface ThroughputStep extends Moved {
  readonly at: Date
  /** Its length. That of the last step is how long it has taken so far. */
  readonly seconds: number
}

/** What all services of a queue have done lately, the oldest step first. */
export interface Throughput {
  /** In steps of a minute. */
  readonly hour: readonly ThroughputStep[]
  /** In steps of a quarter of an hour. */
  readonly day: readonly ThroughputStep[]
}

/** Adds what a service does to the throughput of all services. */
export interface ThroughputRecorder extends AsyncDisposable {
  add(moved: Partial<Moved>): void
}

export interface ThroughputOptions {
  /** All keys begin with it. Default: `{dist}`. */
  prefix?: string | undefined
  /** Milliseconds between two records. Default: 2,000. */
  every?: number | undefined
  /** The longest wait for Redis. Default: 5,000. */
  timeoutMs?: number | undefined
}

/** Best effort: what Redis does not take in time is added to the next record, and nothing waits for it. */
export function recordThroughput(redis: Redis, options: ThroughputOptions = {}): ThroughputRecorder {
  return new Recorder(redis, options)
}

class Recorder implements ThroughputRecorder {
  #waiting: Moved = { bytes: 0, images: 0, failed: 0 }
  #timer: NodeJS.Timeout | undefined
  #sending: Promise<void> | undefined
  readonly #base: string

  constructor(
    private readonly redis: Redis,
    private readonly options: ThroughputOptions,
  ) {
    this.#base = baseOf(options)
  }

  add({ bytes = 0, images = 0, failed = 0 }: Partial<Moved>): void {
    const before = this.#waiting
    this.#waiting = {
      bytes: before.bytes + bytes,
      images: before.images + images,
      failed: before.failed + failed,
    }
    this.#timer ??= setTimeout(() => this.#flush(), this.options.every ?? 2_000).unref()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer)
    await within(this.#send(), 1_000).catch(() => {})
  }

  #flush(): void {
    this.#timer = undefined
    // While Redis is away one record waits in the client, not one for each interval.
    if (this.#sending === undefined) this.#sending = this.#send().finally(() => this.#sent())
    else this.add({})
  }

  #sent(): void {
    this.#sending = undefined
  }

  async #send(): Promise<void> {
    const moved = this.#waiting
    this.#waiting = { bytes: 0, images: 0, failed: 0 }
    await addMoved(this.redis, { base: this.#base }, { ...moved }).catch(() => this.add(moved))
  }
}

/** Reads the throughput of all services. Throws `UNAVAILABLE` when Redis is away. */
export async function readThroughput(redis: Redis, options: ThroughputOptions = {}): Promise<Throughput> {
  try {
    const { now, rows } = await within(
      readMoved(redis, { base: baseOf(options) }, {}),
      options.timeoutMs ?? 5_000,
    )
    const [hour = [], day = []] = series.map(({ seconds }, i) => stepsOf(rows[i] ?? [0], seconds, now))
    return { hour, day }
  } catch (error) {
    throw redisError(redis, 'reading the throughput', error)
  }
}

function stepsOf(
  [last, ...counts]: readonly [number, ...(readonly (string | null)[])[]],
  length: number,
  now: number,
): ThroughputStep[] {
  return counts.map(([bytes, images, failed], i) => {
    const start = (last - counts.length + 1 + i) * length
    return {
      at: new Date(start * 1_000),
      seconds: Math.min(length, Math.max(1, now - start)),
      bytes: Number(bytes ?? 0),
      images: Number(images ?? 0),
      failed: Number(failed ?? 0),
    }
  })
}

function baseOf({ prefix = defaultPrefix }: ThroughputOptions): string {
  return `${checkPrefix(prefix)}:throughput`
}
