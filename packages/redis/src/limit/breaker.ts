import type { DistError } from '@dist/errdefs'
import type { Redis } from 'ioredis'
import { within } from '../answer.js'
import { redisError } from '../errors.js'

export interface BreakerOptions {
  /** Milliseconds to wait for an answer before Redis counts as away. */
  patience: number
  onAway: ((error: DistError) => void) | undefined
  onBack: (() => void) | undefined
}

/** Asks Redis in bounded time, and spares those who ask the wait once it does not answer. */
export class Breaker {
  #away = false
  #open = 0
  #probedAt = Number.NEGATIVE_INFINITY

  constructor(
    private readonly redis: Redis,
    private readonly options: BreakerOptions,
  ) {}

  /** Whether the last question had no answer. */
  get away(): boolean {
    return this.#away
  }

  /**
   * The answer, or `undefined` when there is none: Redis is away then. Never rejects. A question without an answer
   * may be carried out later; its answer then says that Redis is back.
   */
  async ask<T>(doing: string, question: () => Promise<T>): Promise<T | undefined> {
    this.#open++
    const answer = question().finally(() => this.#open--)
    answer.then(() => this.#back()).catch(() => {})
    try {
      return await within(answer, this.options.patience)
    } catch (error) {
      this.#gone(redisError(this.redis, doing, error))
      return undefined
    }
  }

  /**
   * Whether a question may be put: always while Redis is there, once in each `patience` while it is away, and then
   * only when no other one waits for its return.
   */
  mayAsk(): boolean {
    if (!this.#away) return true
    const now = performance.now()
    if (this.#open > 0 || now - this.#probedAt < this.options.patience) return false
    this.#probedAt = now
    return true
  }

  #gone(error: DistError): void {
    if (this.#away) return
    this.#away = true
    this.#probedAt = performance.now()
    this.options.onAway?.(error)
  }

  #back(): void {
    if (!this.#away) return
    this.#away = false
    this.options.onBack?.()
  }
}
