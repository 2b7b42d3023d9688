import type { DistError } from '@dist/errdefs'
import type { Redis } from 'ioredis'
import { redisError } from '../errors.js'
import { within } from '../within.js'

interface BreakerOptions {
  /** The longest wait for an answer before Redis counts as away. */
  timeoutMs: number
  onAway: ((error: DistError) => void) | undefined
  onBack: (() => void) | undefined
}

/** A circuit breaker for Redis: bounds each wait, and ends the waiting while Redis is away. */
export class Breaker {
  #away = false
  #open = 0
  #probedAt = Number.NEGATIVE_INFINITY

  constructor(
    private readonly redis: Redis,
    private readonly options: BreakerOptions,
  ) {}

  /** Whether the last command had no answer. */
  get away(): boolean {
    return this.#away
  }

  /**
   * The answer to a command, or undefined when there is none: Redis is away then. Never rejects. Redis may carry the
   * command out later; its answer then shows that Redis is back.
   */
  async ask<T>(doing: string, command: () => Promise<T>): Promise<T | undefined> {
    this.#open++
    const answer = command().finally(() => this.#open--)
    answer.then(() => this.#close()).catch(() => {})
    try {
      return await within(answer, this.options.timeoutMs)
    } catch (error) {
      this.#trip(redisError(this.redis, doing, error))
      return undefined
    }
  }

  /**
   * Whether a command may be sent: always while Redis is there; while it is away once in each timeout, and only when no
   * other command waits for its return.
   */
  mayAsk(): boolean {
    if (!this.#away) return true
    const now = performance.now()
    if (this.#open > 0 || now - this.#probedAt < this.options.timeoutMs) return false
    this.#probedAt = now
    return true
  }

  #trip(error: DistError): void {
    if (this.#away) return
    this.#away = true
    this.#probedAt = performance.now()
    this.options.onAway?.(error)
  }

  #close(): void {
    if (!this.#away) return
    this.#away = false
    this.options.onBack?.()
  }
}
