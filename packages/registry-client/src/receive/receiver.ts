import type { IncomingHttpHeaders } from 'node:http'
import type { Slabs } from '@dist/content'
import type { Dispatcher } from 'undici'
import errors from 'undici/lib/core/errors.js'
import type { Connections } from '../http/exchange.js'
import { type Asking, type Connect, Connection } from './connection.js'
import { requestText } from './request-text.js'

/** Connections that can be closed. */
export interface Closable extends Connections {
  destroy(): Promise<void>
}

export interface ReceiverOptions {
  readonly connect: Connect
  /** Idle connections kept to one origin. */
  readonly kept: number
  /** undici's connections to the same hosts: for everything that the receiver does not understand. */
  readonly undici: () => Connections
  readonly slabs: Slabs
}

type DispatchOptions = Dispatcher.DispatchOptions
type Handler = Dispatcher.DispatchHandler

/**
 * Sends GET requests for large blobs, as an undici dispatcher does, and reads their bodies at less than half of the cost: into
 * memory that is used again. It knows HTTP/1.1, bodies with a length or in chunks, and connections that are kept. A request
 * whose answer is anything else is sent again by undici, as are all later ones to that origin. Chunks can be given back.
 */
export class Receiver implements Closable {
  readonly #idle = new Map<string, Connection[]>()
  readonly #busy = new Set<Exchange>()
  /** Origins whose answers are not understood. */
  readonly #others = new Set<string>()
  #isDestroyed = false

  constructor(private readonly options: ReceiverOptions) {}

  get proxy(): string | undefined {
    return this.options.undici().proxy
  }

  dispatch(request: DispatchOptions, handler: Handler): boolean {
    const text = this.#others.has(String(request.origin)) ? undefined : requestText(request)
    if (text === undefined) return this.options.undici().dispatch(request, handler)
    const exchange = new Exchange(request, handler, text, this)
    this.#busy.add(exchange)
    if (this.#isDestroyed) exchange.abort(new errors.ClientDestroyedError())
    else exchange.start()
    return true
  }

  async destroy(): Promise<void> {
    this.#isDestroyed = true
    const closed = new errors.ClientDestroyedError()
    for (const exchange of [...this.#busy]) exchange.abort(closed)
    for (const connection of [...this.#idle.values()].flat()) connection.destroy(closed)
  }

  /** An idle connection to an origin. */
  kept(origin: string): Connection | undefined {
    for (const idle = this.#idle.get(origin) ?? []; ; ) {
      const connection = idle.pop()
      if (connection === undefined || connection.isIdle) return connection
    }
  }

  open(origin: string, signal: AbortSignal): Promise<Connection> {
    const { connect, slabs } = this.options
    return Connection.open(connect, new URL(origin), slabs, (closed) => this.#drop(origin, closed), signal)
  }

  /** Takes a connection back whose exchange is over. */
  keep(origin: string, connection: Connection): void {
    if (!connection.isIdle) return
    const idle = this.#idle.get(origin) ?? []
    this.#idle.set(origin, idle)
    if (idle.length < this.options.kept) idle.push(connection)
    else connection.destroy(new errors.ClientDestroyedError())
  }

  ended(exchange: Exchange): void {
    this.#busy.delete(exchange)
  }

  leaveToUndici(request: DispatchOptions, handler: Handler): void {
    this.#others.add(String(request.origin))
    this.options.undici().dispatch(request, handler)
  }

  #drop(origin: string, connection: Connection): void {
    const idle = this.#idle.get(origin) ?? []
    const at = idle.indexOf(connection)
    if (at >= 0) idle.splice(at, 1)
  }
}

/** One request on its way: on a kept connection, else on a new one. */
class Exchange implements Asking, Dispatcher.DispatchController {
  aborted = false
  paused = false
  reason: Error | null = null
  readonly headersTimeout: number
  readonly bodyTimeout: number
  readonly #origin: string
  readonly #opening = new AbortController()
  #connection: Connection | undefined
  #isFresh = false
  #isOver = false

  constructor(
    private readonly request: DispatchOptions,
    private readonly handler: Handler,
    readonly text: string,
    private readonly receiver: Receiver,
  ) {
    this.#origin = String(request.origin)
    this.headersTimeout = request.headersTimeout ?? 0
    this.bodyTimeout = request.bodyTimeout ?? 0
  }

  start(): void {
    this.handler.onRequestStart?.(this, {})
    if (this.#isOver) return
    const kept = this.receiver.kept(this.#origin)
    if (kept === undefined) void this.#sendFresh()
    else this.#send(kept)
  }

  pause(): void {
    this.paused = true
    this.#connection?.pause()
  }

  resume(): void {
    this.paused = false
    this.#connection?.resume()
  }

  abort(reason: Error): void {
    this.aborted = true
    this.reason = reason
    this.#opening.abort(reason)
    this.#fail(reason)
    this.#connection?.destroy(reason)
  }

  onHead(status: number, headers: IncomingHttpHeaders): void {
    if (!this.#isOver) this.handler.onResponseStart?.(this, status, headers)
  }

  onContent(chunk: Buffer): void {
    if (!this.#isOver) this.handler.onResponseData?.(this, chunk)
  }

  onEnd(): void {
    const connection = this.#connection as Connection
    this.#connection = undefined
    this.receiver.keep(this.#origin, connection)
    if (this.#end()) this.handler.onResponseEnd?.(this, {})
  }

  onFailure(error: Error, answered: boolean): void {
    this.#connection = undefined
    if (this.#isOver) return
    // The server has closed the idle connection while the request was on its way.
    if (!answered && !this.#isFresh && !(error instanceof errors.HeadersTimeoutError)) void this.#sendFresh()
    else this.#fail(error)
  }

  onOther(): void {
    this.#connection = undefined
    if (this.#end()) this.receiver.leaveToUndici(this.request, this.handler)
  }

  async #sendFresh(): Promise<void> {
    this.#isFresh = true
    try {
      const connection = await this.receiver.open(this.#origin, this.#opening.signal)
      if (this.#isOver) connection.destroy(this.reason ?? new errors.ClientDestroyedError())
      else this.#send(connection)
    } catch (error) {
      this.#fail(error as Error)
    }
  }

  #send(connection: Connection): void {
    this.#connection = connection
    connection.send(this)
  }

  #fail(error: Error): void {
    if (this.#end()) this.handler.onResponseError?.(this, error)
  }

  /** False if it has ended before. */
  #end(): boolean {
    const ends = !this.#isOver
    this.#isOver = true
    this.receiver.ended(this)
    return ends
  }
}
