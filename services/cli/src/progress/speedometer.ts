/** Bytes per second over the last few seconds. */
export class Speedometer {
  readonly #samples: { at: number; bytes: number }[] = []

  /** `window`: milliseconds that are looked back. */
  constructor(private readonly window = 4000) {}

  at(bytes: number, now = Date.now()): number {
    this.#samples.push({ at: now, bytes })
    while (this.#samples.length > 2 && now - (this.#samples[0]?.at ?? now) > this.window)
      this.#samples.shift()
    const first = this.#samples[0]
    if (first === undefined || now === first.at) return 0
    return (Math.max(0, bytes - first.bytes) * 1000) / (now - first.at)
  }
}
