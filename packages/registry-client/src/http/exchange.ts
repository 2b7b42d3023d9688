import type { IncomingHttpHeaders } from 'node:http'
import { abortError, DistError, onAbort, redactUrl } from '@dist/errdefs'
import type { Dispatcher } from 'undici'
import { Body } from './body.js'
import { connectionError } from './errors.js'
import { keepsAfterHead, notHttpError } from './head-bodies.js'
import { isBulk, paced, type RequestBody } from './outgoing.js'
import { type MinimumThroughput, Throughput } from './throughput.js'

/** Time-outs. Milliseconds. */
export interface Timeouts {
  /** From the request to the headers of the answer. */
  readonly headers: number
  /** Between two pieces of a body, in either direction. */
  readonly body: number
  /** From the last byte sent to the headers of the answer: registries move blobs to their place in between. */
  readonly stored: number
  readonly throughput: MinimumThroughput
}

export const defaultTimeouts: Timeouts = {
  headers: 20_000,
  body: 30_000,
  stored: 300_000,
  throughput: { bytesPerSecond: 1024, window: 30_000 },
}

/** A request and its result, for logs and metrics. The URL is redacted. */
export interface RequestEvent {
  readonly method: string
  readonly url: string
  /** Undefined without an answer. */
  readonly status: number | undefined
  /** Milliseconds to the last byte of the body. */
  readonly duration: number
  /** Bytes of the response's body. */
  readonly received: number
}

/** Called for the bytes of bodies while they pass, from a host or to it. Must not throw. */
export type BytesListener = (host: string, direction: 'received' | 'sent', bytes: number) => void

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** Sends requests. */
export interface Connections extends Pick<Dispatcher, 'dispatch'> {
  /** The URL of the proxy in between, without credentials. */
  readonly proxy?: string | undefined
}

export interface ExchangeRequest {
  readonly method: Method
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  /** A form, or content. For a stream the headers contain its length. */
  readonly body?: RequestBody | undefined
  readonly signal?: AbortSignal | undefined
  /** The object, for errors: `blob sha256:... of host/repository`. */
  readonly what: string
  /** Measures the body together with other bodies of the same content. Default: this body alone. */
  readonly meter?: Throughput | undefined
}

export interface ExchangeOptions {
  readonly timeouts: Timeouts
  readonly onRequest?: ((event: RequestEvent) => void) | undefined
  readonly onBytes?: BytesListener | undefined
  /** Called once, at the end of the body or at the failure. */
  readonly onEnd?: (() => void) | undefined
}

export interface Response {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly url: URL
  readonly body: Body
  /** Milliseconds from the request to the headers of the answer. */
  readonly waited: number
}

/**
 * One request and its answer of any status; no retries, no redirects. Rejects with a `DistError` without an answer; the body
 * fails with one when it breaks.
 */
export function exchange(
  dispatcher: Connections,
  request: ExchangeRequest,
  options: ExchangeOptions,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const handler = new ExchangeHandler(request, options, dispatcher, resolve, reject)
    if (!handler.start()) return
    const { method, url, headers, body } = request
    const { body: bodyTimeout } = options.timeouts
    const onSent = (bytes: number) => options.onBytes?.(url.host, 'sent', bytes)
    const headersTimeout = answerTimeout(request, options)
    dispatcher.dispatch(
      {
        origin: url.origin,
        path: url.pathname + url.search,
        method,
        headers,
        body:
          body === undefined ? null : paced(body, bodyTimeout, { onStall: () => handler.stalled(), onSent }),
        ...(method === 'HEAD' && keepsAfterHead(dispatcher, url) ? { reset: false } : {}),
        headersTimeout,
        bodyTimeout,
      },
      handler,
    )
  })
}

function answerTimeout({ body }: ExchangeRequest, { timeouts }: ExchangeOptions): number {
  return isBulk(body) ? timeouts.stored : timeouts.headers
}

class ExchangeHandler implements Dispatcher.DispatchHandler {
  readonly #started = performance.now()
  #controller: Dispatcher.DispatchController | undefined
  #body: Body | undefined
  #status: number | undefined
  #over = false
  #unlisten: (() => void) | undefined

  constructor(
    private readonly request: ExchangeRequest,
    private readonly options: ExchangeOptions,
    private readonly connections: Connections,
    private readonly resolve: (response: Response) => void,
    private readonly reject: (error: Error) => void,
  ) {}

  /** False if the signal has aborted already. */
  start(): boolean {
    const { signal } = this.request
    if (signal === undefined) return true
    if (signal.aborted) this.#abort(signal)
    else this.#unlisten = onAbort(signal, () => this.#abort(signal))
    return !signal.aborted
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#over) controller.abort(aborted)
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (status < 200) return
    this.#status = status
    this.#body = new Body(
      {
        pause: () => controller.pause(),
        resume: () => controller.resume(),
        abort: () => controller.abort(aborted),
      },
      {
        throughput: this.request.meter ?? new Throughput(this.options.timeouts.throughput),
        onBytes: (bytes) => this.options.onBytes?.(this.request.url.host, 'received', bytes),
        onEnd: (bytes) => this.#end(bytes),
        tooSlow: () => this.#tooSlow(),
      },
    )
    const waited = performance.now() - this.#started
    this.resolve({ status, headers, url: this.request.url, body: this.#body, waited })
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#body?.push(chunk)
  }

  onResponseEnd(): void {
    this.#body?.end()
  }

  onResponseError(_controller: Dispatcher.DispatchController, cause: Error): void {
    if (!this.#over) this.#fail(this.#connectionError(cause))
  }

  #connectionError(cause: Error): DistError {
    const { what, url } = this.request
    // undici's parser errors have no code. A connection that ends too early is not one of them.
    if (cause.name === 'HTTPParserError') {
      const seen = { connections: this.connections, startedAt: this.#started }
      return notHttpError(cause, what, url, seen)
    }
    const { proxy } = this.connections
    const headers = answerTimeout(this.request, this.options)
    return connectionError(cause, what, url, { headers, body: this.options.timeouts.body, proxy })
  }

  /** Fails the request: the server does not read its body. */
  stalled(): void {
    const { what, url } = this.request
    const wait = this.options.timeouts.body / 1000
    this.#fail(new DistError('UNAVAILABLE', `${what}: ${url.host} read nothing for ${wait} s`))
    this.#controller?.abort(aborted)
  }

  #abort(signal: AbortSignal): void {
    this.#fail(abortError(signal))
    this.#controller?.abort(aborted)
  }

  #fail(error: Error): void {
    this.#body?.fail(error)
    this.#end(0)
    this.reject(error)
  }

  #end(received: number): void {
    if (this.#over) return
    this.#over = true
    this.#unlisten?.()
    this.options.onEnd?.()
    const { method, url } = this.request
    this.options.onRequest?.({
      method,
      url: redactUrl(url),
      status: this.#status,
      duration: performance.now() - this.#started,
      received,
    })
  }

  #tooSlow(): Error {
    const { what, url } = this.request
    const { bytesPerSecond, window } = this.options.timeouts.throughput
    const because = `${url.host} sent less than ${bytesPerSecond} bytes per second for ${window / 1000} s`
    return new DistError('DEADLINE_EXCEEDED', `${what}: ${because}`, {
      retryable: true,
      host: url.host,
      because,
    })
  }
}

// undici needs a reason. Callers get the error of `#fail` instead.
const aborted = new Error('aborted')
