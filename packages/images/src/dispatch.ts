import { DistError } from '@dist/errdefs'
import type { Descriptor } from '@dist/oci'
import type { Handler } from './handler.js'
import { childrenBy, Visited } from './visit.js'

export interface DispatchOptions {
  /** How many handlers run at the same time. Default: 8. */
  concurrency?: number | undefined
  signal?: AbortSignal | undefined
}

/**
 * As `walk`, but siblings are handled at the same time, `concurrency` of them at most. The first error aborts the
 * signal that the others were given, waits until they have stopped, and is thrown. `INVALID_ARGUMENT` for a
 * concurrency below 1.
 */
export async function dispatch(
  handler: Handler,
  roots: readonly Descriptor[],
  options: DispatchOptions = {},
): Promise<void> {
  const { concurrency = 8, signal: outer } = options
  if (!(concurrency >= 1)) throw new DistError('INVALID_ARGUMENT', `a concurrency of ${concurrency}`)
  const failed = new AbortController()
  const signal = outer === undefined ? failed.signal : AbortSignal.any([outer, failed.signal])
  const visited = new Visited()
  const queue = new Queue<{ desc: Descriptor; depth: number }>()
  const enqueue = (descs: readonly Descriptor[], depth: number) => {
    for (const desc of descs) if (visited.add(desc, depth)) queue.push({ desc, depth })
  }
  enqueue(roots, 0)
  await new Promise<void>((resolve, reject) => {
    let running = 0
    let failure: { error: unknown } | undefined
    const next = () => {
      while (failure === undefined && running < concurrency) {
        const item = queue.shift()
        if (item === undefined) break
        running++
        run(item.desc, item.depth)
      }
      if (running > 0) return
      if (failure !== undefined) reject(failure.error)
      else resolve()
    }
    const run = (desc: Descriptor, depth: number) =>
      childrenBy(handler, desc, { signal })
        .then((children) => enqueue(children, depth + 1))
        .catch((error: unknown) => {
          failure ??= { error }
          failed.abort(error)
        })
        .finally(() => {
          running--
          next()
        })
    next()
  })
}

/** First in, first out, without moving what waits behind: `Array.shift` does, for long arrays. */
class Queue<T> {
  #incoming: T[] = []
  #outgoing: T[] = []

  push(item: T): void {
    this.#incoming.push(item)
  }

  shift(): T | undefined {
    if (this.#outgoing.length === 0) {
      this.#outgoing = this.#incoming.reverse()
      this.#incoming = []
    }
    return this.#outgoing.pop()
  }
}
