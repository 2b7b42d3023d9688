import { DistError } from '@dist/errdefs'
import { decodeError, type EncodedError, encodeError } from './error.js'

/** Either end of a line between two threads. */
export interface Port {
  postMessage(message: unknown): void
  on(event: 'message', listener: (message: Message) => void): unknown
}

/** What one end can be asked. Arguments and results are structured-cloneable. */
export type Methods = Record<string, (args: never, signal: AbortSignal) => Promise<unknown>>

type Message =
  | { kind: 'call'; id: number; method: string; args: unknown }
  | { kind: 'abort'; id: number }
  | { kind: 'result'; id: number; value: unknown }
  | { kind: 'error'; id: number; error: EncodedError }

interface Pending {
  resolve(value: unknown): void
  reject(error: Error): void
}

/**
 * Calls across threads: each end offers methods and calls those of the other. Errors keep their code. Aborting a
 * call aborts the signal of the method at the other end; the call still ends only when that one has ended, so that
 * nothing goes on unseen.
 */
export class Channel {
  readonly #pending = new Map<number, Pending>()
  readonly #running = new Map<number, AbortController>()
  #lastId = 0

  constructor(
    private readonly port: Port,
    private readonly methods: Methods,
  ) {
    port.on('message', (message) => this.#receive(message))
  }

  async call<T>(method: string, args: unknown, signal?: AbortSignal): Promise<T> {
    const id = ++this.#lastId
    const abort = () => this.port.postMessage({ kind: 'abort', id })
    try {
      return await new Promise<T>((resolve, reject) => {
        this.#pending.set(id, { resolve: resolve as (value: unknown) => void, reject })
        this.port.postMessage({ kind: 'call', id, method, args })
        if (signal?.aborted) abort()
        else signal?.addEventListener('abort', abort, { once: true })
      })
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  /** The other end is gone: every call that is under way fails. */
  fail(error: Error): void {
    for (const { reject } of this.#pending.values()) reject(error)
    this.#pending.clear()
  }

  #receive(message: Message): void {
    if (message.kind === 'call') void this.#answer(message.id, message.method, message.args)
    else if (message.kind === 'abort') this.#running.get(message.id)?.abort()
    else this.#settle(message)
  }

  #settle(message: Extract<Message, { kind: 'result' | 'error' }>): void {
    const pending = this.#pending.get(message.id)
    this.#pending.delete(message.id)
    if (message.kind === 'error') pending?.reject(decodeError(message.error))
    else pending?.resolve(message.value)
  }

  async #answer(id: number, method: string, args: unknown): Promise<void> {
    const controller = new AbortController()
    this.#running.set(id, controller)
    try {
      const handler = this.methods[method]
      if (handler === undefined) throw new DistError('INTERNAL', `no method ${method}`)
      this.port.postMessage({ kind: 'result', id, value: await handler(args as never, controller.signal) })
    } catch (error) {
      this.port.postMessage({ kind: 'error', id, error: encodeError(error) })
    } finally {
      this.#running.delete(id)
    }
  }
}
