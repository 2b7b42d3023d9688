import { setMaxListeners } from 'node:events'
import { DistError } from '@dist/errdefs'
import type { Redis } from 'ioredis'
import type { Keys } from '../redis/keys.js'

interface WatchedRun {
  holders: number
  readonly aborted: AbortController
}

/** Watches a run; disposing ends that. */
interface RunWatch extends Disposable {
  /** Aborts with `CANCELED` when the run is canceled, or when Redis no longer has it. */
  readonly signal: AbortSignal
}

/** Polls which runs were canceled: one pipeline for all runs that this process has jobs of. */
export class Cancellations {
  readonly #runs = new Map<string, WatchedRun>()
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(
    private readonly redis: Redis,
    private readonly keys: Keys,
    private readonly intervalMs: number,
    private readonly onError: (error: unknown) => void,
  ) {}

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

  #begin(run: string): WatchedRun {
    const aborted = new AbortController()
    // One signal ends all transfers of a run. Node warns about more than ten listeners.
    setMaxListeners(0, aborted.signal)
    const watched = { holders: 0, aborted }
    this.#runs.set(run, watched)
    if (!this.#stopped) this.#timer ??= setTimeout(() => this.#poll(), this.intervalMs)
    return watched
  }

  #leave(run: string, watched: WatchedRun): void {
    watched.holders--
    if (watched.holders > 0) return
    // After a cancellation another entry may have replaced this one.
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
        if (!error) this.#apply(run, state)
      }
    } catch (error) {
      this.onError(error)
    }
    const goesOn = this.#runs.size > 0 && !this.#stopped
    this.#timer = goesOn ? setTimeout(() => this.#poll(), this.intervalMs) : undefined
  }

  #apply(run: string, state: unknown): void {
    const why =
      state === 'canceled' ? 'was canceled' : state === null ? 'is no longer known to Redis' : undefined
    const watched = this.#runs.get(run)
    if (why === undefined || watched === undefined) return
    this.#runs.delete(run)
    watched.aborted.abort(new DistError('CANCELED', `run ${run} ${why}`))
  }
}
