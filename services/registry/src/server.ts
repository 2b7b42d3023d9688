import { once } from 'node:events'
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http'
import { createServer as createTlsServer, Server as TlsServer } from 'node:https'
import { errnoOf } from '@dist/errdefs'
import type { Certificate } from '@dist/registry-access'
import { listenError } from '@dist/service'
import { formatListen, type ListenAddress } from '@dist/settings'
import type { Watched } from '@dist/sign-in'

export interface ServerLimits {
  readonly maxConnections: number
  /** Milliseconds after which a client that takes no bytes is cut off. */
  readonly stallTimeout: number
}

/** Milliseconds for the head of a request. */
const headersTimeout = 20_000
/** Longer than balancers keep idle connections (60 s): else they send requests into connections that are being closed. */
const keepAliveTimeout = 75_000
const maxHeaderSize = 16 * 1024

/**
 * A server with the limits of a registry; with a certificate it speaks https, and new connections get the present certificate. It
 * does not listen yet.
 */
export function createHttpServer(
  listener: RequestListener,
  limits: ServerLimits,
  certificate?: Watched<Certificate>,
): Server {
  const options = { maxHeaderSize, headersTimeout, requestTimeout: 30_000, keepAliveTimeout, noDelay: true }
  const server =
    certificate === undefined
      ? createServer(options, listener)
      : createSecureServer(options, listener, certificate)
  // Its default answer invites the client to send the body.
  server.on('checkContinue', listener)
  server.maxConnections = limits.maxConnections
  // Node counts the bytes that the other side takes, also of one large write.
  server.setTimeout(limits.stallTimeout)
  return server
}

function createSecureServer(
  options: ServerOptions,
  listener: RequestListener,
  certificate: Watched<Certificate>,
): Server {
  const { cert, key } = certificate.current
  const server = createTlsServer({ ...options, cert, key, handshakeTimeout: headersTimeout }, listener)
  certificate.onChange(({ cert, key }) => server.setSecureContext({ cert, key }))
  return server
}

/** Listens; resolves to the URL. Throws `UNAVAILABLE`. */
export async function listenAt(server: Server, listen: ListenAddress): Promise<string> {
  try {
    server.listen({ host: listen.host, port: listen.port })
    await once(server, 'listening')
  } catch (cause) {
    throw errnoOf(cause) === undefined ? cause : listenError(listen, cause)
  }
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : listen.port
  const protocol = server instanceof TlsServer ? 'https' : 'http'
  return `${protocol}://${formatListen({ host: listen.host, port })}/`
}

/** Takes no more connections, and waits until the answers under way have ended, at most for the deadline. */
export async function closeServer(server: Server, deadline: number): Promise<void> {
  if (!server.listening) return
  const closed = once(server, 'close')
  server.close()
  const timer = setTimeout(() => server.closeAllConnections(), deadline)
  await closed
  clearTimeout(timer)
}
