import { sleep } from '@dist/errdefs'
import { Announcement, type RunWatch } from '@dist/runs'

/** The pause after a stream that failed, or ended without the end of the run. */
const retryMs = 1_000

/** Waits for the end of a run by a stream of events. See `RunWatch`. */
export class StreamWatch implements RunWatch {
  readonly #end = new Announcement()
  readonly #closing = new AbortController()

  constructor(private readonly open: (signal: AbortSignal) => Promise<AsyncIterable<Uint8Array>>) {
    void this.#listen(this.#closing.signal)
  }

  ended(atMost: number, signal: AbortSignal): Promise<void> {
    return this.#end.awaited(atMost, signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
  }

  /** A stream that cannot be opened only means that each wait takes its whole time. */
  async #listen(closing: AbortSignal): Promise<void> {
    while (!closing.aborted) {
      const hasEnded = await this.#read(closing).catch(() => false)
      if (hasEnded) {
        this.#end.make()
        return
      }
      await sleep(retryMs, closing).catch(() => {})
    }
  }

  async #read(closing: AbortSignal): Promise<boolean> {
    const decoder = new TextDecoder()
    let text = ''
    for await (const chunk of await this.open(closing)) {
      const lines = `${text}${decoder.decode(chunk, { stream: true })}`.split('\n')
      text = lines.pop() ?? ''
      if (lines.includes('event: end')) return true
    }
    return false
  }
}
