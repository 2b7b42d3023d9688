import { type Code, codeOf, DistError, firstError } from '@dist/errdefs'

/** One end of the connection between two threads. */
export interface Port {
  postMessage(message: unknown): void
  on(event: 'message', listener: (message: Message) => void): unknown
}

/** The methods of one end. Arguments and results must be structured-cloneable. */
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
 * Remote calls between two threads: each end offers methods and calls those of the other end. Errors keep their code. Aborting a
 * call aborts the signal of the method at the other end. The call ends when that method has ended, so that no method
 * continues unnoticed.
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

  /** Rejects all calls in progress: the other end has ended. */
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

/** An error as a message. Structured clone loses the class of errors. */
interface EncodedError {
  code: Code
  message: string
  retryable: boolean
  held: boolean
  retryAfter?: number | undefined
  host?: string | undefined
  because?: string | undefined
  paused: boolean
  stack?: string | undefined
}

function encodeError(thrown: unknown): EncodedError {
  const error = firstError(thrown)
  const asError = error instanceof Error ? error : new Error(String(error))
  const { retryable, held, paused, retryAfter, host, because } =
    error instanceof DistError ? error : new DistError(codeOf(error), asError.message, { retryable: false })
  return {
    code: codeOf(error),
    message: asError.message,
    retryable,
    held,
    paused,
    ...optional({ retryAfter, host, because, stack: asError.stack }),
  }
}

function decodeError({ code, message, stack, ...options }: EncodedError): DistError {
  const error = new DistError(code, message, options)
  if (stack !== undefined) error.stack = stack
  return error
}

function optional<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never
}
