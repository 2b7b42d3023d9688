import type { PassedCall } from './protocol.js'

/** Milliseconds between two reports: a message for each chunk would cost more than the chunk. */
const everyMs = 200

/** Adds up the bytes that pass, and reports them from time to time. */
export class PassedBytes {
  readonly #waiting = new Map<string, PassedCall>()
  #timer: NodeJS.Timeout | undefined

  constructor(private readonly report: (passed: PassedCall) => void) {}

  readonly add = (host: string, direction: PassedCall['direction'], bytes: number): void => {
    const key = `${direction} ${host}`
    const before = this.#waiting.get(key)?.bytes ?? 0
    this.#waiting.set(key, { host, direction, bytes: before + bytes })
    this.#timer ??= setTimeout(() => this.#send(), everyMs)
  }

  #send(): void {
    this.#timer = undefined
    for (const each of this.#waiting.values()) this.report(each)
    this.#waiting.clear()
  }
}
