import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'

export interface ConnectProxyOptions {
  /** `user:password`; without them 407 is answered. */
  readonly credentials?: string | undefined
  /** Where names lead, `registry.test:443` to `127.0.0.1:4711`. What is not among them is taken as it stands. */
  readonly routes?: Readonly<Record<string, string>> | undefined
  /** PEM. Default: it is spoken to in plain http. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined
}

/** A proxy on loopback that tunnels (CONNECT) and forwards plain http (absolute-form). */
export interface ConnectProxy extends AsyncDisposable {
  /** `http://127.0.0.1:4711`. */
  readonly url: string
  /** Host and port. */
  readonly host: string
  /** What it was asked for and let through: `CONNECT registry.test:443`, `GET http://registry.test/v2/`. */
  readonly requests: readonly string[]
  /** How often it wanted credentials and got none, or others. */
  readonly refused: number
}

export async function startConnectProxy(options: ConnectProxyOptions = {}): Promise<ConnectProxy> {
  const proxy = new LoopbackProxy(options)
  await proxy.listen()
  return proxy
}

class LoopbackProxy implements ConnectProxy {
  readonly requests: string[] = []
  refused = 0
  readonly #sockets = new Set<Duplex>()
  readonly #server: Server

  constructor(private readonly options: ConnectProxyOptions) {
    const { tls } = options
    this.#server = tls === undefined ? createServer() : createTlsServer(tls)
    this.#server.on('request', (asked, response) => this.#forward(asked, response))
    this.#server.on('connect', (asked, socket) => this.#tunnel(asked, socket))
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  get url(): string {
    return `${this.options.tls === undefined ? 'http' : 'https'}://${this.host}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #tunnel(asked: IncomingMessage, socket: Duplex): void {
    this.#keep(socket)
    if (!this.#admits(asked))
      return void socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n')
    const { hostname, port } = this.#route(String(asked.url))
    const upstream: Socket = connect(port, hostname, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      upstream.pipe(socket).pipe(upstream)
    })
    this.#keep(upstream)
    upstream.on('close', () => socket.destroy())
    socket.on('close', () => upstream.destroy())
  }

  #forward(asked: IncomingMessage, response: ServerResponse): void {
    if (!this.#admits(asked)) return void response.writeHead(407).end()
    const url = new URL(String(asked.url))
    const { 'proxy-authorization': _, ...headers } = asked.headers
    const { hostname, port } = this.#route(`${url.hostname}:${url.port || 80}`)
    const path = url.pathname + url.search
    const upstream = request({ hostname, port, path, method: asked.method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    upstream.on('error', () => response.destroy())
    response.on('close', () => upstream.destroy())
    asked.pipe(upstream)
  }

  #admits({ method, url, headers }: IncomingMessage): boolean {
    const { credentials } = this.options
    const wanted = credentials && `Basic ${Buffer.from(credentials).toString('base64')}`
    const admitted = wanted === undefined || headers['proxy-authorization'] === wanted
    if (admitted) this.requests.push(`${method} ${url}`)
    else this.refused += 1
    return admitted
  }

  #route(authority: string): { hostname: string; port: number } {
    const { hostname, port } = new URL(`http://${this.options.routes?.[authority] ?? authority}`)
    return { hostname: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80) }
  }

  #keep(socket: Duplex): void {
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
  }
}
