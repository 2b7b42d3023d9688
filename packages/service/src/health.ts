import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { codeOf, DistError, errnoOf, sanitize } from '@dist/errdefs'
import { formatListen, type ListenAddress } from '@dist/settings'

/** What the health server reports. */
export interface HealthParts {
  /** Throws the reason when the service is not ready. */
  checkReady(): Promise<void>
  /** Obstacles of the queue's runs, one line each. They do not change the status. Default: none. */
  remarks?(): Promise<readonly string[]>
  /** The metrics in the text format of Prometheus. */
  metrics(): Promise<string>
  readonly metricsType: string
}

export interface HealthServer extends AsyncDisposable {
  readonly address: ListenAddress
}

/** A check without a result after this time has failed. */
const timeoutMs = 5_000

/**
 * Serves `/healthz` (200 while the process answers), `/readyz` (200 and the remarks, or 503 and the reason) and `/metrics`.
 * Without an address it listens on loopback at `defaultPort`, or at a free port when that is in use, so that several services
 * run on one machine without settings. Throws `UNAVAILABLE` when it cannot listen.
 */
export async function serveHealth(
  parts: HealthParts,
  listen: ListenAddress | undefined,
  defaultPort: number,
): Promise<HealthServer> {
  let checking: Promise<void> | undefined
  const ready = () => {
    // Concurrent requests share one check.
    checking ??= withTimeout(parts.checkReady()).finally(() => {
      checking = undefined
    })
    return checking
  }
  const server = createServer({ requestTimeout: timeoutMs, maxHeaderSize: 8192 }, (request, response) => {
    const path = request.url?.split('?')[0]
    const route = routes[path ?? '']
    if (route === undefined) return send(response, 404, 'not found\n')
    if (request.method !== 'GET' && request.method !== 'HEAD') return send(response, 405, 'read only\n')
    route(response, { ...parts, checkReady: ready }).catch((error: unknown) => sendError(response, error))
  })
  const address = await bind(server, listen, defaultPort)
  return { address, [Symbol.asyncDispose]: () => close(server) }
}

type Route = (response: ServerResponse, parts: HealthParts) => Promise<void>

const routes: Readonly<Record<string, Route>> = {
  '/healthz': async (response) => send(response, 200, 'ok\n'),
  '/readyz': async (response, parts) => {
    await parts.checkReady()
    const remarks = await withTimeout(parts.remarks?.() ?? Promise.resolve([])).catch(() => [])
    send(response, 200, ['ok', ...remarks.map((remark) => sanitize(remark, 1_000)), ''].join('\n'))
  },
  '/metrics': async (response, parts) =>
    send(response, 200, await withTimeout(parts.metrics()), parts.metricsType),
}

function send(
  response: ServerResponse,
  status: number,
  body: string,
  type = 'text/plain; charset=utf-8',
): void {
  const headers = { 'content-type': type, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }
  response.writeHead(status, status === 405 ? { ...headers, allow: 'GET, HEAD' } : headers)
  response.end(body)
}

function sendError(response: ServerResponse, error: unknown): void {
  const message = error instanceof Error ? sanitize(error.message) : 'unknown error'
  send(response, 503, `${codeOf(error)}: ${message}\n`)
}

function withTimeout<T>(answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new DistError('DEADLINE_EXCEEDED', `no answer within ${timeoutMs / 1000} s`))
    const timer = setTimeout(late, timeoutMs)
    answer.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

async function bind(
  server: Server,
  listen: ListenAddress | undefined,
  defaultPort: number,
): Promise<ListenAddress> {
  const wanted = listen ?? { host: '127.0.0.1', port: defaultPort }
  try {
    return await listenAt(server, wanted)
  } catch (error) {
    if (listen === undefined && errnoOf(error) === 'EADDRINUSE')
      return listenAt(server, { ...wanted, port: 0 })
    throw listenError(wanted, error)
  }
}

/** The error of a server that cannot listen at the address: `UNAVAILABLE`. */
export function listenError(address: ListenAddress, cause: unknown): DistError {
  const why = errnoOf(cause) ?? 'unknown error'
  return new DistError('UNAVAILABLE', `cannot listen at ${formatListen(address)} (${why})`, { cause })
}

async function listenAt(server: Server, { host, port }: ListenAddress): Promise<ListenAddress> {
  server.listen({ host, port })
  await once(server, 'listening')
  const address = server.address()
  return { host, port: typeof address === 'object' && address !== null ? address.port : port }
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}
