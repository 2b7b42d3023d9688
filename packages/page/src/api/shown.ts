import { isStill } from '../stillness.js'
import type { ApiError } from './call.js'

/** What is known of something that is asked again and again. */
export interface Live<T> {
  readonly data?: T | undefined
  /** Of the last answer; `data` stays what it was. */
  readonly error?: ApiError | undefined
}

/** Milliseconds for which the effects of a press are shown also while the page is still: services carry it out meanwhile. */
const effectMs = 3_000

/** Shows what comes, while nothing has to be still. */
export class Shown<T> {
  #held: Live<T> | undefined
  /** What was opened is shown at once. */
  #isFirst = true
  #urgentUntil = 0
  readonly #unfollow: () => void

  constructor(private readonly show: (live: Live<T>) => void) {
    this.#unfollow = isStill.follow(() => this.#showHeld())
  }

  /** Has the next answers be shown also while the page is still. */
  hurry(): void {
    this.#urgentUntil = performance.now() + effectMs
  }

  take(next: Live<T>): void {
    this.#held = { ...this.#held, ...next }
    this.#showHeld()
  }

  stop(): void {
    this.#unfollow()
  }

  #showHeld(): void {
    if (this.#held === undefined || (isStill.value && !this.#isUrgent)) return
    this.show(this.#held)
    this.#held = undefined
    this.#isFirst = false
  }

  get #isUrgent(): boolean {
    return this.#isFirst || performance.now() < this.#urgentUntil
  }
}
