import type { Fetched } from '@dist/remotes'
import { type Request, soundly } from './faults.js'

/** Something that happens once. */
class Latch {
  open: () => void = () => {}
  readonly opened = new Promise<void>((resolve) => {
    this.open = resolve
  })
}

/** Blocks one request: its body sends half of the bytes, then stalls until it is released or aborted. */
export class Gate {
  readonly #reached = new Latch()
  readonly #open = new Latch()
  /** Resolves once the request stalls. */
  readonly reached: Promise<void> = this.#reached.opened

  release(): void {
    this.#open.open()
  }

  readonly fault = async (request: Request): Promise<Fetched> => ({
    offset: request.offset,
    body: this.#stalling(request),
  })

  async *#stalling(request: Request): AsyncIterable<Uint8Array> {
    const half = request.offset + Math.floor((request.content.byteLength - request.offset) / 2)
    yield request.content.slice(request.offset, half)
    this.#reached.open()
    await unlessAborted(this.#open.opened, request.signal)
    yield* soundly({ ...request, offset: half }).body
  }
}

function unlessAborted(condition: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return condition
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    condition.then(resolve, reject)
  })
}
