import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { codeOf, DistError, errnoOf, sanitize } from '@dist/errdefs'
import { formatListen, type ListenAddress } from '@dist/settings'

/** What a service tells of itself. */
export interface HealthParts {
  /** Throws the reason when it does not do its work. */
  checkReady(): Promise<void>
  /** What stands in the way of the work, one line each, though the service does its own. Default: nothing. */
  remarks?(): Promise<readonly string[]>
  /** In Prometheus' text format. */
  metrics(): Promise<string>
  readonly metricsType: string
}

export interface HealthServer extends AsyncDisposable {
  readonly address: ListenAddress
}

/** Milliseconds after which an answer that does not come is a "no". */
const patience = 5_000

/**
 * Serves `/healthz` (the process answers), `/readyz` (it does its work, and what stands in the way of others; else 503 and the reason) and `/metrics`.
 * Without an address it takes the usual port, or a free one: two services on one machine shall not need to be told.
 * Throws `UNAVAILABLE` where it cannot listen.
 */
export async function serveHealth(
  parts: HealthParts,
  listen: ListenAddress | undefined,
  usual: number,
): Promise<HealthServer> {
  let checking: Promise<void> | undefined
  const ready = () => {
    // Everybody who asks meanwhile gets the same answer.
    checking ??= bounded(parts.checkReady()).finally(() => {
      checking = undefined
    })
    return checking
  }
  const server = createServer({ requestTimeout: patience, maxHeaderSize: 8192 }, (request, response) => {
    const path = request.url?.split('?')[0]
    const route = routes[path ?? '']
    if (route === undefined) return send(response, 404, 'not found\n')
    if (request.method !== 'GET' && request.method !== 'HEAD') return send(response, 405, 'read only\n')
    route(response, { ...parts, checkReady: ready }).catch((error: unknown) => refuse(response, error))
  })
  const address = await bind(server, listen, usual)
  return { address, [Symbol.asyncDispose]: () => close(server) }
}

type Route = (response: ServerResponse, parts: HealthParts) => Promise<void>

const routes: Readonly<Record<string, Route>> = {
  '/healthz': async (response) => send(response, 200, 'ok\n'),
  '/readyz': async (response, parts) => {
    await parts.checkReady()
    const remarks = await bounded(parts.remarks?.() ?? Promise.resolve([])).catch(() => [])
    send(response, 200, ['ok', ...remarks.map((remark) => sanitize(remark, 1_000)), ''].join('\n'))
  },
  '/metrics': async (response, parts) =>
    send(response, 200, await bounded(parts.metrics()), parts.metricsType),
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

function refuse(response: ServerResponse, error: unknown): void {
  const message = error instanceof Error ? sanitize(error.message) : 'unknown'
  send(response, 503, `${codeOf(error)}: ${message}\n`)
}

function bounded<T>(answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new DistError('DEADLINE_EXCEEDED', `no answer within ${patience / 1000} s`))
    const timer = setTimeout(late, patience)
    answer.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

async function bind(
  server: Server,
  listen: ListenAddress | undefined,
  usual: number,
): Promise<ListenAddress> {
  const wanted = listen ?? { host: '127.0.0.1', port: usual }
  try {
    return await listenAt(server, wanted)
  } catch (error) {
    if (listen === undefined && errnoOf(error) === 'EADDRINUSE')
      return listenAt(server, { ...wanted, port: 0 })
    const why = errnoOf(error) ?? 'unknown'
    throw new DistError('UNAVAILABLE', `cannot listen at ${formatListen(wanted)} (${why})`, { cause: error })
  }
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
