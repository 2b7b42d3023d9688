import type { PushedImage, Pushes } from '@dist/runs'
import { type Logger, throttledLogger } from '@dist/service'

/** Milliseconds before a schedule whose run goes is looked at again. */
const againMs = 500

/** Starts schedules for pushes, one after the other. Pushes of the same image at the same time are one. */
export class PushStarter {
  readonly #noting = new Map<string, Promise<string[]>>()
  readonly #throttled: Logger
  #timer: NodeJS.Timeout | undefined
  #isStarting = false
  /** Whether to start once more after this: a mark may have come too late. */
  #isAgain = false
  #isStopped = false

  constructor(
    private readonly pushes: Pushes,
    private readonly log: Logger,
  ) {
    this.#throttled = throttledLogger(log)
  }

  /** Resolves to the names of the schedules that are started now, or after their runs. */
  async push(image: PushedImage): Promise<string[]> {
    const key = JSON.stringify(image)
    const noting = this.#noting.get(key) ?? this.pushes.note(image).finally(() => this.#noting.delete(key))
    this.#noting.set(key, noting)
    const names = await noting
    if (names.length > 0) this.startAfter(0)
    return names
  }

  /** Starts what is marked. Marks may be left from before the start of this process. */
  startAfter(milliseconds: number): void {
    if (this.#isStarting) this.#isAgain = true
    if (this.#isStopped || this.#isStarting) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#start(), milliseconds)
  }

  [Symbol.dispose](): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }

  async #start(): Promise<void> {
    this.#isStarting = true
    this.#isAgain = false
    let isLeft = true
    try {
      const { started, waiting } = await this.pushes.start()
      for (const each of started) this.log.info('a push has started a run', { ...each })
      isLeft = waiting.length > 0
    } catch (error) {
      this.#throttled.warn('a push could not start a run: it is tried again', { error })
    }
    this.#isStarting = false
    if (this.#isAgain) this.startAfter(0)
    else if (isLeft) this.startAfter(againMs)
  }
}
