/** Values of many producers for one consumer, in the order in which they are put. Its memory is bounded by `limit`. */
export class Channel<T> {
  readonly #values: T[] = []
  readonly #blocked: (() => void)[] = []
  #wake = () => {}
  #ended: { readonly failure?: { readonly error: unknown } | undefined } | undefined

  /** `limit`: values that wait for the consumer before `put` waits, too. */
  constructor(private readonly limit: number) {}

  /** Resolves when another value may be put. */
  async put(value: T): Promise<void> {
    this.#values.push(value)
    this.#wake()
    if (this.#values.length < this.limit || this.#ended !== undefined) return
    await new Promise<void>((resolve) => this.#blocked.push(resolve))
  }

  /** No further value is needed or will come: `put` does not wait any more. With a failure, the consumer gets its error last. */
  end(failure?: { readonly error: unknown }): void {
    this.#ended ??= { failure }
    this.#release()
    this.#wake()
  }

  /** For one consumer. */
  async *values(): AsyncGenerator<T, void, undefined> {
    for (;;) {
      yield* this.#values.splice(0)
      this.#release()
      if (this.#values.length > 0) continue
      if (this.#ended?.failure !== undefined) throw this.#ended.failure.error
      if (this.#ended !== undefined) return
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  #release(): void {
    for (const release of this.#blocked.splice(0)) release()
  }
}
