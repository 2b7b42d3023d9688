import type { ApiError } from './call.js'
import { changed } from './changed.js'
import type { Live, Shown } from './shown.js'

/** Calls a function again and again, after its end, while the page is visible. Returns what ends that. */
export function poll<T>(
  load: (signal: AbortSignal) => Promise<T>,
  everyMs: number,
  shown: Shown<T>,
): () => void {
  const poller = new Poller(load, everyMs, shown)
  return () => poller.stop()
}

class Poller<T> {
  readonly #stop = new AbortController()
  #timer: ReturnType<typeof setTimeout> | undefined
  #isCalling = false

  constructor(
    private readonly load: (signal: AbortSignal) => Promise<T>,
    private readonly everyMs: number,
    private readonly shown: Shown<T>,
  ) {
    const { signal } = this.#stop
    document.addEventListener('visibilitychange', () => document.hidden || void this.#call(), { signal })
    signal.addEventListener(
      'abort',
      changed.follow(() => void this.#call()),
    )
    void this.#call()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#stop.abort()
  }

  async #call(): Promise<void> {
    if (this.#isCalling) return
    this.#isCalling = true
    clearTimeout(this.#timer)
    const asked = changed.value
    const next = await this.load(this.#stop.signal).then(
      (data): Live<T> => ({ data, error: undefined }),
      (error: ApiError): Live<T> => ({ error }),
    )
    this.#isCalling = false
    if (this.#stop.signal.aborted) return
    // The answer may be from before a change that was made meanwhile.
    if (asked !== changed.value) return await this.#call()
    this.shown.take(next)
    if (!document.hidden) this.#timer = setTimeout(() => void this.#call(), this.everyMs)
  }
}
