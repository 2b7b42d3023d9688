import { DistError } from '@dist/errdefs'
import type { Connections } from './exchange.js'

/** When an origin sent what is not HTTP, by the monotonic clock. */
const bodiesSeen = new WeakMap<Connections, Map<string, number>>()

/**
 * Whether the connection of a HEAD is kept. undici closes each of them, because some servers send a body to HEAD, which would
 * be read as the next answer. Here only the connections to an origin that has done so are closed.
 */
export function keepsAfterHead(connections: Connections, { origin }: URL): boolean {
  return bodiesSeen.get(connections)?.has(origin) !== true
}

/**
 * The error for bytes that are not an HTTP answer. Retryable if they may be the body of an earlier HEAD: the request began before
 * the origin was known to send such bodies. From now on `keepsAfterHead` is false for it.
 */
export function notHttpError(
  cause: Error,
  what: string,
  url: URL,
  { connections, startedAt }: { connections: Connections; startedAt: number },
): DistError {
  const message = `${what}: answer is not HTTP (${url.host})`
  const seen = bodiesSeen.get(connections) ?? new Map<string, number>()
  bodiesSeen.set(connections, seen)
  const seenAt = seen.get(url.origin)
  if (seenAt === undefined) seen.set(url.origin, performance.now())
  else if (startedAt > seenAt) return new DistError('MALFORMED', message, { cause })
  return new DistError('UNAVAILABLE', message, { cause, retryable: true })
}
