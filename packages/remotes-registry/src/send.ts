import { DistError, isCanceled, isRetryable } from '@dist/errdefs'
import type { Scope } from './auth/authorizer.js'
import { challengesOf } from './auth/challenges.js'
import { type Endpoint, tlsFor } from './endpoint.js'
import { exchange, type Response } from './http/exchange.js'
import { isRedirect, maxRedirects, redirectTarget } from './http/redirect.js'
import { abortable } from './http/signal.js'
import { statusError } from './http/status.js'
import { withRetries } from './retry.js'
import type { Transport } from './transport.js'

export interface RegistryRequest {
  readonly endpoint: Endpoint
  readonly method: 'GET' | 'HEAD'
  /** Below the endpoint's base: `/library/alpine/manifests/latest`. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly scope: Scope
  /** What it is about, for errors. */
  readonly what: string
  /** Statuses to return besides 200. Every other one is thrown as an error. */
  readonly accept?: readonly number[]
  readonly signal?: AbortSignal | undefined
}

/** `send`, tried again as the transport's policy says, while that may help. */
export function sendPatiently(transport: Transport, request: RegistryRequest): Promise<Response> {
  return withRetries(transport.retry, request.signal, () => send(transport, request))
}

/**
 * Asks an endpoint once: signed in, signed in anew after one 401, redirects followed. A second 401 is
 * `UNAUTHENTICATED`. A host that asks for a pause gets it from everybody who uses the limiter.
 */
export async function send(transport: Transport, request: RegistryRequest): Promise<Response> {
  const { endpoint, scope } = request
  const authorization = await authorized(transport.authorizer.authorization(endpoint, scope), request)
  let response = await follow(transport, request, authorization)
  // Only the registry's own 401 counts: whoever it redirects to must not name a realm for its credentials.
  if (response.status === 401 && isOwn(endpoint, response)) {
    const challenges = challengesOf(response.headers['www-authenticate'])
    await response.body.discard()
    const renewed = transport.authorizer.challenged(endpoint, scope, challenges, authorization)
    response = await follow(transport, request, await authorized(renewed, request))
  }
  const { status } = response
  if (status === 200 || request.accept?.includes(status)) return response
  return failed(transport, request, response)
}

/** Waits for the authorizer; what it says of the host gets the name of the object. */
async function authorized<T>(answer: Promise<T>, { what, signal }: RegistryRequest): Promise<T> {
  try {
    return await abortable(answer, signal)
  } catch (error) {
    if (!(error instanceof DistError) || isCanceled(error)) throw error
    const { code, retryable, retryAfter } = error
    const wait = retryAfter === undefined ? {} : { retryAfter }
    throw new DistError(code, `${what}: ${error.message}`, { cause: error, retryable, ...wait })
  }
}

async function failed(transport: Transport, request: RegistryRequest, response: Response): Promise<never> {
  const { maxRetryAfter, firstDelay } = transport.retry
  const error = await statusError(response, request.what, maxRetryAfter)
  const pause = error.retryAfter ?? (response.status === 429 ? firstDelay : undefined)
  if (isRetryable(error) && pause !== undefined) await transport.limiter.pause(response.url.host, pause)
  throw error
}

/** Follows redirects. What is secret goes to the endpoint's own origin, and not once the way has left it. */
async function follow(
  transport: Transport,
  request: RegistryRequest,
  authorization: string | undefined,
): Promise<Response> {
  const { endpoint } = request
  let url = requestUrl(request)
  let own = true
  for (let redirects = 0; ; redirects++) {
    const secret = own
      ? { ...endpoint.headers, ...(authorization === undefined ? {} : { authorization }) }
      : undefined
    const response = await hop(transport, request, url, secret)
    if (!isRedirect(response.status)) return response
    await response.body.discard()
    if (redirects === maxRedirects)
      throw new DistError(
        'MALFORMED',
        `${request.what}: ${url.host} redirects more than ${maxRedirects} times`,
      )
    const target = redirectTarget(response.headers.location, url, request.what)
    own &&= target.origin === url.origin
    url = target
  }
}

async function hop(
  transport: Transport,
  request: RegistryRequest,
  url: URL,
  secret: Readonly<Record<string, string>> | undefined,
): Promise<Response> {
  const { endpoint, method, signal, what } = request
  const dispatcher = await transport.agents.dispatcher(url, tlsFor(endpoint, url))
  const permit = await transport.limiter.acquire(url.host, signal === undefined ? {} : { signal })
  const headers = {
    // Anything else would be decompressed or hashed as something that has another digest.
    'accept-encoding': 'identity',
    'user-agent': transport.userAgent,
    ...request.headers,
    ...secret,
  }
  const { timeouts, onRequest } = transport
  const onEnd = () => permit.release()
  return exchange(dispatcher, { method, url, headers, signal, what }, { timeouts, onRequest, onEnd })
}

function requestUrl({ endpoint, path }: RegistryRequest): URL {
  const url = new URL(endpoint.url + path)
  if (endpoint.mirrorOf !== undefined) url.searchParams.set('ns', endpoint.mirrorOf)
  return url
}

function isOwn(endpoint: Endpoint, response: Response): boolean {
  return new URL(endpoint.url).origin === response.url.origin
}
