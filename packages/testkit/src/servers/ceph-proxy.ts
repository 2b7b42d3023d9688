import { once } from 'node:events'
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'

export interface ProxiedRequest {
  readonly method: string
  /** The path with its query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/**
 * What happens to a request instead of being passed on:
 * - `answer`: is answered so, and never reaches the server;
 * - `afterwards`: reaches the server, whose answer is replaced by this one, or by a broken connection;
 * - `cutAfter`: is answered by the server, and the connection breaks after so many bytes of the body;
 * - `hang`: nothing ever comes back.
 */
export type Fault =
  | { readonly answer: FaultAnswer }
  | { readonly afterwards: FaultAnswer | 'broken' }
  | { readonly cutAfter: number }
  | { readonly hang: true }

export interface FaultAnswer {
  readonly status: number
  /** The name of an S3 error, or a whole document. */
  readonly error?: string | undefined
  readonly body?: string | undefined
}

export interface FaultProxy {
  readonly endpoint: string
  /** Asked before each request; undefined passes it on. */
  fault: (request: ProxiedRequest) => Fault | undefined
  requests(): readonly ProxiedRequest[]
  stop(): Promise<void>
}

/** Stands between a client and an S3 server and plays the faults that the server does not. */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const requests: ProxiedRequest[] = []
  const server = createServer((incoming, outgoing) => {
    const { method = '', url = '', headers } = incoming
    const request = { method, path: url, headers }
    requests.push(request)
    play(target, proxy.fault(request), incoming, outgoing)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const proxy: FaultProxy = {
    endpoint: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    fault: () => undefined,
    requests: () => requests,
    stop: async () => {
      server.close()
      server.closeAllConnections()
    },
  }
  return proxy
}

function play(target: string, fault: Fault | undefined, incoming: IncomingMessage, outgoing: ServerResponse) {
  if (fault !== undefined && 'hang' in fault) return
  if (fault !== undefined && 'answer' in fault) {
    const { answer } = fault
    incoming.resume().on('end', () => reply(outgoing, answer))
    return
  }
  // The host header is part of the signature: it goes on as it came.
  const { method, url, headers } = incoming
  const sent = httpRequest(new URL(url ?? '/', target), { method, headers, agent: false })
  sent.on('error', () => outgoing.destroy())
  sent.on('response', (response) => pass(fault, response, outgoing))
  incoming.pipe(sent)
  outgoing.on('close', () => sent.destroy())
}

function pass(fault: Fault | undefined, response: IncomingMessage, outgoing: ServerResponse): void {
  if (fault !== undefined && 'afterwards' in fault) {
    const { afterwards } = fault
    response.resume().on('end', () => {
      if (afterwards === 'broken') outgoing.destroy()
      else reply(outgoing, afterwards)
    })
    return
  }
  response.on('error', () => outgoing.destroy())
  outgoing.writeHead(response.statusCode ?? 502, response.headers)
  if (fault === undefined) response.pipe(outgoing)
  else cut(response, outgoing, 'cutAfter' in fault ? fault.cutAfter : 0)
}

function cut(response: IncomingMessage, outgoing: ServerResponse, bytes: number): void {
  let left = bytes
  outgoing.flushHeaders()
  response.on('data', (chunk: Buffer) => {
    const part = chunk.subarray(0, left)
    left -= part.byteLength
    if (left > 0) outgoing.write(part)
    else outgoing.write(part, () => outgoing.destroy())
    if (left === 0) response.removeAllListeners('data').destroy()
  })
}

function reply(outgoing: ServerResponse, { status, error, body }: FaultAnswer): void {
  const head = '<?xml version="1.0" encoding="UTF-8"?>'
  const document =
    error === undefined ? '' : `${head}<Error><Code>${error}</Code><Message>no</Message></Error>`
  outgoing.writeHead(status, { 'content-type': 'application/xml' })
  outgoing.end(body ?? document)
}
