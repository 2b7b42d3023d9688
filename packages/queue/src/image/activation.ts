import type { Settled } from '../state/scripts/index.js'

/** Milliseconds after which an image is shown as active although nothing has been found to do for it. */
const shownAfter = 250

/**
 * Has an image become `active` when there is something to do for it, or when it takes longer to find out. An image with
 * nothing to do ends before: that saves it a command. Disposing ends the wait.
 */
export class Activation implements Disposable {
  readonly #timer: NodeJS.Timeout
  #state: Promise<Settled> | undefined

  constructor(private readonly activate: () => Promise<Settled>) {
    // A later call gets the error, too.
    this.#timer = setTimeout(() => void this.now().catch(() => undefined), shownAfter)
  }

  /** Makes it active; resolves to the state that holds, as `settleImage` does. */
  now(): Promise<Settled> {
    this[Symbol.dispose]()
    this.#state ??= this.activate()
    return this.#state
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
  }
}
