/**
 * Runs calls with the same key one after the other, in order. Not p-limit: a limit for each key would need the same
 * bookkeeping to be forgotten.
 */
export class Serial {
  readonly #last = new Map<string, Promise<unknown>>()

  run<T>(key: string, call: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve()
    const running = before.then(call, call)
    this.#last.set(key, running)
    const forget = () => {
      if (this.#last.get(key) === running) this.#last.delete(key)
    }
    running.then(forget, forget)
    return running
  }
}
