import { Worker } from 'node:worker_threads'
import { DistError } from '@dist/errdefs'

/** Whether a password is that of a bcrypt hash. Undefined: too many comparisons wait already. */
export type Compare = (password: string, hash: string) => Promise<boolean | undefined>

/** What the thread is asked. */
export interface Comparison {
  readonly id: number
  readonly password: string
  readonly hash: string
}

interface Waiting {
  resolve(matches: boolean): void
  reject(error: Error): void
}

/** A comparison takes about 0.1 s at the usual cost: the last one waits for some seconds. */
const maxWaiting = 64

/**
 * Compares passwords in a thread, which starts with the first comparison: bcrypt would stop all other requests for some 0.1 s
 * each time.
 */
export class ThreadComparer implements AsyncDisposable {
  readonly #waiting = new Map<number, Waiting>()
  #thread: Worker | undefined
  #last = 0

  /** Throws `UNAVAILABLE` when the thread ends meanwhile; the next call starts another one. */
  readonly compare: Compare = async (password, hash) => {
    if (this.#waiting.size >= maxWaiting) return undefined
    this.#thread ??= this.#start()
    const thread = this.#thread
    const id = ++this.#last
    return await new Promise<boolean>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      thread.postMessage({ id, password, hash } satisfies Comparison)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread?.terminate()
  }

  #start(): Worker {
    const thread = new Worker(new URL('./passwords.js', import.meta.url), {
      resourceLimits: { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 32 },
    })
    thread.unref()
    thread.on('message', ({ id, matches }: { id: number; matches: boolean }) => {
      this.#waiting.get(id)?.resolve(matches)
      this.#waiting.delete(id)
    })
    let cause: unknown
    thread.on('error', (error) => {
      cause = error
    })
    thread.once('exit', () => {
      this.#thread = undefined
      const waiting = [...this.#waiting.values()]
      this.#waiting.clear()
      const error = new DistError('UNAVAILABLE', 'the thread that compares passwords has ended', { cause })
      for (const each of waiting) each.reject(error)
    })
    return thread
  }
}
