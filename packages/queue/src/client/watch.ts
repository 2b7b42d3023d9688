import { sleep } from '@dist/errdefs'
import { Announcement, type RunWatch } from '@dist/runs'
import type { Redis } from 'ioredis'

/** Milliseconds that one read blocks: less than the time after which a silent connection is given up. */
const blockMs = 10_000
/** The pause after a read that failed, as those do that a failover interrupts. */
const retryMs = 1_000

/** Waits for the announcement of a run's end, by blocking reads on a connection of its own. See `RunWatch`. */
export class EndWatch implements RunWatch {
  /** The entry that was read last. A run that goes on after its end announces the next one. */
  #last = '0'
  readonly #end = new Announcement()
  readonly #closing = new AbortController()

  constructor(
    private readonly redis: Redis,
    private readonly stream: string,
  ) {
    void this.#listen(this.#closing.signal)
  }

  ended(atMost: number, signal: AbortSignal): Promise<void> {
    return this.#end.awaited(atMost, signal)
  }

  /** Without announcements, such as without the right to read them, each wait takes its whole time. */
  async #listen(closing: AbortSignal): Promise<void> {
    while (!closing.aborted) {
      const again = () => sleep(retryMs, closing).catch(() => {})
      await this.#read().catch(again)
    }
  }

  async #read(): Promise<void> {
    const answer = await this.redis.xread('BLOCK', blockMs, 'STREAMS', this.stream, this.#last)
    const entry = answer?.[0]?.[1].at(-1)
    if (entry === undefined) return
    this.#last = entry[0]
    this.#end.make()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    this.redis.disconnect()
  }
}
