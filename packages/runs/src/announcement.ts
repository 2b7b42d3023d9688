import { sleep, throwIfAborted } from '@dist/errdefs'

/** Wakes a wait for the end of a run. An announcement counts once, also when it comes before the wait. */
export class Announcement {
  #isMade = false
  #wake = () => {}

  make(): void {
    this.#isMade = true
    this.#wake()
  }

  /** Waits for the next announcement, at most so many milliseconds. Throws the reason of an aborted signal. */
  async awaited(atMost: number, signal: AbortSignal): Promise<void> {
    throwIfAborted(signal)
    if (!this.#isMade) {
      const made = new AbortController()
      this.#wake = () => made.abort()
      const either = AbortSignal.any([signal, made.signal])
      await sleep(atMost, either).catch(() => throwIfAborted(signal))
    }
    this.#isMade = false
  }
}
