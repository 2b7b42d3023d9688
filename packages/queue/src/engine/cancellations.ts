import { setMaxListeners } from 'node:events'
import { DistError } from '@dist/errdefs'
import type { Redis } from 'ioredis'
import type { Keys } from '../redis/keys.js'

interface Watched {
  holders: number
  readonly aborted: AbortController
}

/** A run that is listened to; disposing ends that. */
export interface RunWatch extends Disposable {
  /** Aborts with `CANCELED` once the run was given up, or is not known any more. */
  readonly signal: AbortSignal
}

/** Learns which runs were canceled: one question for all runs that this process has jobs of. */
export class Cancellations {
  readonly #runs = new Map<string, Watched>()
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(
    private readonly redis: Redis,
    private readonly keys: Keys,
    private readonly interval: number,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Asks no more. */
  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  watch(run: string): RunWatch {
    const watched = this.#runs.get(run) ?? this.#begin(run)
    watched.holders++
    let held = true
    return {
      signal: watched.aborted.signal,
      [Symbol.dispose]: () => {
        if (held) this.#leave(run, watched)
        held = false
      },
    }
  }

  #begin(run: string): Watched {
    const aborted = new AbortController()
    // One signal ends all transfers of a run; Node takes more than ten listeners for a leak and warns.
    setMaxListeners(0, aborted.signal)
    const watched = { holders: 0, aborted }
    this.#runs.set(run, watched)
    if (!this.#stopped) this.#timer ??= setTimeout(() => this.#poll(), this.interval)
    return watched
  }

  #leave(run: string, watched: Watched): void {
    watched.holders--
    if (watched.holders > 0) return
    // A run that was canceled has been replaced by whoever asked for it again.
    if (this.#runs.get(run) === watched) this.#runs.delete(run)
    if (this.#runs.size > 0) return
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  async #poll(): Promise<void> {
    try {
      const runs = [...this.#runs.keys()]
      const pipeline = this.redis.pipeline()
      for (const run of runs) pipeline.hget(this.keys.run(run), 'state')
      const answers = (await pipeline.exec()) ?? []
      for (const [i, run] of runs.entries()) {
        const [error, state] = answers[i] ?? []
        if (!error) this.#learn(run, state)
      }
    } catch (error) {
      this.onError(error)
    }
    const goesOn = this.#runs.size > 0 && !this.#stopped
    this.#timer = goesOn ? setTimeout(() => this.#poll(), this.interval) : undefined
  }

  #learn(run: string, state: unknown): void {
    const why =
      state === 'canceled' ? 'was canceled' : state === null ? 'is not known to redis any more' : undefined
    const watched = this.#runs.get(run)
    if (why === undefined || watched === undefined) return
    this.#runs.delete(run)
    watched.aborted.abort(new DistError('CANCELED', `run ${run} ${why}`))
  }
}
