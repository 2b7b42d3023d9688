import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type Reply, send } from './reply.js'
import { matches, type RecordedRequest, type RequestMatch } from './request.js'
import { type Fault, Script, type ScriptOptions } from './script.js'

export interface ServerTls {
  /** PEM. */
  readonly cert: string
  readonly key: string
  /** Wants client certificates of this authority, PEM. */
  readonly clientCa?: string | undefined
}

export interface ServerOptions {
  /** Default: plain http. */
  readonly tls?: ServerTls | undefined
  /** Where it listens. Default 127.0.0.1. */
  readonly address?: string | undefined
}

/** A server on loopback that records requests and plays scripted faults. Dispose closes it. */
export class ScriptedServer implements AsyncDisposable {
  /** Every request, in the order of arrival. */
  readonly requests: RecordedRequest[] = []
  /** The connections that clients have opened. */
  connections = 0
  readonly #script = new Script()
  readonly #server: Server
  readonly #waiting = new Set<() => void>()
  #host = ''

  constructor(
    private readonly answer: (request: RecordedRequest) => Reply | Promise<Reply>,
    private readonly options: ServerOptions = {},
  ) {
    const { tls } = options
    const listener: RequestListener = (request, response) => {
      // Many tests abort requests on purpose.
      response.on('error', () => {})
      this.#serve(request, response).catch(() => response.destroy())
    }
    this.#server =
      tls === undefined
        ? createServer(listener)
        : createTlsServer({ cert: tls.cert, key: tls.key, ...clientAuthentication(tls) }, listener)
    this.#server.on('connection', () => void this.connections++)
    // Some tests have clients that refuse the certificate.
    this.#server.on('tlsClientError', () => {})
  }

  async listen(): Promise<this> {
    const { address = '127.0.0.1' } = this.options
    await new Promise<void>((resolve) => this.#server.listen(0, address, resolve))
    const { port } = this.#server.address() as AddressInfo
    this.#host = `${address.includes(':') ? `[${address}]` : address}:${port}`
    return this
  }

  /** Host and port, as in a locator. */
  get host(): string {
    return this.#host
  }

  get port(): number {
    return Number(this.#host.slice(this.#host.lastIndexOf(':') + 1))
  }

  /** `http://127.0.0.1:4711`. */
  get url(): string {
    return `${this.options.tls === undefined ? 'http' : 'https'}://${this.#host}`
  }

  /** Plays a fault on the requests that match. Later rules win. */
  script(match: RequestMatch, fault: Fault, options: ScriptOptions = {}): void {
    this.#script.add(match, fault, options)
  }

  /** The requests that match, so far. */
  received(match: RequestMatch): RecordedRequest[] {
    return this.requests.filter((request) => matches(match, request))
  }

  /** Waits until so many requests that match have come in. */
  async requested(match: RequestMatch, count = 1): Promise<void> {
    while (this.received(match).length < count)
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
  }

  async #serve(incoming: IncomingMessage, response: Parameters<RequestListener>[1]): Promise<void> {
    const request = recorded(incoming)
    const early = this.#script.early(request)
    const whole = early ? request : await read(incoming, request)
    this.requests.push(request)
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
    const message = await this.#script.apply(whole, (asked) => this.answer(asked))
    request.status = message.status
    send(response, message, request.method)
  }
}

function clientAuthentication({ clientCa }: ServerTls) {
  return clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: true }
}

/** A request of which no body has been read. */
function recorded({ method = '', url = '/', headers }: IncomingMessage): RecordedRequest {
  const parsed = new URL(url, 'http://localhost')
  return { method, url, path: parsed.pathname, query: parsed.searchParams, headers, body: '' }
}

// More than a form has; small, since a test may make many requests.
const keptOfBody = 16 * 1024

/** The request with its whole body, for the answer; the record keeps the start of the body and its size. */
async function read(incoming: IncomingMessage, request: RecordedRequest): Promise<RecordedRequest> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  const content = Buffer.concat(chunks)
  const body = content.subarray(0, keptOfBody).toString('utf8')
  Object.assign(request, { body, bodySize: content.byteLength })
  return { ...request, content }
}
