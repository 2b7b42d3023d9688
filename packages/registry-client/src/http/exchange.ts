import type { IncomingHttpHeaders } from 'node:http'
import { abortError, DistError, onAbort, redactUrl } from '@dist/errdefs'
import type { Dispatcher } from 'undici'
import { Body } from './body.js'
import { connectionError } from './errors.js'
import { isBulk, paced, type RequestBody } from './outgoing.js'
import { type MinimumThroughput, Throughput } from './throughput.js'

/** How long is waited for a host. Milliseconds. */
export interface Timeouts {
  /** From the request to the answer's headers. */
  readonly headers: number
  /** Between two pieces of a body, whichever way it goes. */
  readonly body: number
  /** From a body's last byte, sent, to the answer's headers: registries move blobs to their place in between. */
  readonly stored: number
  readonly throughput: MinimumThroughput
}

export const defaultTimeouts: Timeouts = {
  headers: 20_000,
  body: 30_000,
  stored: 300_000,
  throughput: { bytesPerSecond: 1024, window: 30_000 },
}

/** One request as it goes out, and how it ended; for logs and counters. The URL is redacted. */
export interface RequestEvent {
  readonly method: string
  readonly url: string
  /** Undefined where no answer came. */
  readonly status: number | undefined
  /** Milliseconds up to the last byte of the body. */
  readonly duration: number
  /** Bytes of the body. */
  readonly received: number
}

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** What requests go out through. */
export interface Connections extends Pick<Dispatcher, 'dispatch'> {
  /** The URL of the proxy that they lead to, fit for messages. */
  readonly proxy?: string | undefined
}

export interface ExchangeRequest {
  readonly method: Method
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  /** A form, or content. Where it is a stream, the headers say its length. */
  readonly body?: RequestBody | undefined
  readonly signal?: AbortSignal | undefined
  /** What the exchange is about, for errors: `blob sha256:... of host/repository`. */
  readonly what: string
  /** Measures the body, with those of other exchanges that bring the same content. Default: the body alone. */
  readonly meter?: Throughput | undefined
}

export interface ExchangeOptions {
  readonly timeouts: Timeouts
  readonly onRequest?: ((event: RequestEvent) => void) | undefined
  /** Called once, when the body has ended or no answer came. */
  readonly onEnd?: (() => void) | undefined
}

export interface Response {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly url: URL
  readonly body: Body
  /** Milliseconds from the request to the answer's headers. */
  readonly waited: number
}

/**
 * One request and its answer, whatever the status; nothing is retried or followed. Rejects with a `DistError`
 * when no answer comes; the body fails with one when it breaks.
 */
export function exchange(
  dispatcher: Connections,
  request: ExchangeRequest,
  options: ExchangeOptions,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const handler = new ExchangeHandler(request, { ...options, proxy: dispatcher.proxy }, resolve, reject)
    if (!handler.start()) return
    const { method, url, headers, body } = request
    const { body: bodyTimeout } = options.timeouts
    const headersTimeout = answerTimeout(request, options)
    dispatcher.dispatch(
      {
        origin: url.origin,
        path: url.pathname + url.search,
        method,
        headers,
        body: body === undefined ? null : paced(body, bodyTimeout, () => handler.stalled()),
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
    private readonly options: ExchangeOptions & Pick<Connections, 'proxy'>,
    private readonly resolve: (response: Response) => void,
    private readonly reject: (error: Error) => void,
  ) {}

  /** False when the caller has given up already. */
  start(): boolean {
    const { signal } = this.request
    if (signal === undefined) return true
    if (signal.aborted) this.#abort(signal)
    else this.#unlisten = onAbort(signal, () => this.#abort(signal))
    return !signal.aborted
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#over) controller.abort(gaveUp)
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
        abort: () => controller.abort(gaveUp),
      },
      {
        throughput: this.request.meter ?? new Throughput(this.options.timeouts.throughput),
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
    if (this.#over) return
    const { what, url } = this.request
    const { proxy, timeouts } = this.options
    const headers = answerTimeout(this.request, this.options)
    this.#fail(connectionError(cause, what, url, { headers, body: timeouts.body, proxy }))
  }

  /** The other side does not take in what is sent. */
  stalled(): void {
    const { what, url } = this.request
    const wait = this.options.timeouts.body / 1000
    this.#fail(new DistError('UNAVAILABLE', `${what}: ${url.host} stopped reading for ${wait} s`))
    this.#controller?.abort(gaveUp)
  }

  #abort(signal: AbortSignal): void {
    this.#fail(abortError(signal))
    this.#controller?.abort(gaveUp)
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
    const because = `${url.host} sent less than ${bytesPerSecond} bytes a second for ${window / 1000} s`
    return new DistError('DEADLINE_EXCEEDED', `${what}: ${because}`, {
      retryable: true,
      host: url.host,
      because,
    })
  }
}

// Never seen by a caller: undici wants a reason, ours is on its way already.
const gaveUp = new Error('given up')
