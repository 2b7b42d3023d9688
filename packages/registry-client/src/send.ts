import { DistError, hasCode, isCanceled, reword } from '@dist/errdefs'
import type { Permit } from '@dist/remotes'
import type { Scope } from './auth/authorizer.js'
import { challengesOf } from './auth/challenges.js'
import { secretsIn, userOf } from './auth/credential.js'
import type { Endpoint } from './endpoint.js'
import { about } from './http/errors.js'
import type { Method, Response } from './http/exchange.js'
import { isStream, type RequestBody } from './http/outgoing.js'
import { isRedirect, keepsMethod, maxRedirects, redirectTarget } from './http/redirect.js'
import { abortable } from './http/signal.js'
import { statusError } from './http/status.js'
import type { Throughput } from './http/throughput.js'
import { pauseAsAsked, watchedExchange } from './http/watched.js'
import { loginFailed, withRetries } from './retry.js'
import type { Transport } from './transport.js'

/** Where an answer said that things go on. */
export interface Target {
  readonly url: URL
  /** Whether the way there never left the endpoint's origin. Elsewhere nothing secret is sent. */
  readonly own: boolean
}

export interface RegistryRequest {
  readonly endpoint: Endpoint
  readonly method: Method
  /** Below the endpoint's base: `/library/alpine/manifests/latest`. */
  readonly path: string
  /** Asked instead of the path. */
  readonly target?: Target | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Bytes are sent again after a 401 or to where a redirect leads. A stream is not: `UNAVAILABLE`, to be retried. */
  readonly body?: RequestBody | undefined
  /** A place in the host's lane for uploads, taken beforehand; for streams, which make one request. */
  readonly permit?: Permit | undefined
  readonly scope: Scope
  /** What it is about, for errors. */
  readonly what: string
  /** As in `ExchangeRequest`. */
  readonly meter?: Throughput | undefined
  /** Statuses to return besides 200. Every other one is thrown as an error. */
  readonly accept?: readonly number[] | undefined
  /** There is another way to what it is for: a 401 for which no challenge can be found is an answer then. */
  readonly optional?: boolean | undefined
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
  const isSecretSent = request.target?.own ?? true
  const authorization = isSecretSent
    ? await authorized(transport.authorizer.authorization(endpoint, scope), request)
    : undefined
  let login = authorization
  let response = await follow(transport, request, login)
  // Only the registry's own 401 counts: whoever it redirects to must not name a realm for its credentials.
  if (response.status === 401 && isSecretSent && isOwn(endpoint, response)) {
    const challenges = challengesOf(response.headers['www-authenticate'])
    await response.body.discard()
    const reached = transport.agents.reachedAt(endpoint)
    const renewed = transport.authorizer.challenged(endpoint, scope, challenges, authorization, reached)
    const fresh = await authorized(renewed, request).catch((error: unknown) => {
      const isAnswer = challenges.length === 0 && hasCode(error, 'UNAUTHENTICATED')
      if (request.optional === true && isAnswer) return undefined
      throw error
    })
    if (fresh === undefined) return failed(transport, request, response, login)
    if (isStream(request.body))
      throw new DistError(
        'UNAVAILABLE',
        `${request.what}: the login at ${response.url.host} had expired: send it again`,
      )
    login = fresh
    response = await follow(transport, request, login)
  }
  const { status } = response
  if (status === 200 || request.accept?.includes(status)) return response
  return failed(transport, request, response, login)
}

/** Waits for the authorizer. */
async function authorized<T>(answer: Promise<T>, { what, signal }: RegistryRequest): Promise<T> {
  try {
    return await about(what, () => abortable(answer, signal))
  } catch (error) {
    throw error instanceof DistError && !isCanceled(error) ? loginFailed(error) : error
  }
}

/** Unless it is a quota, a refusal that names a time may mean this request alone: the other way will tell. */
function ofRequest(error: DistError): DistError {
  const { code, message, retryable, retryAfter } = error
  if (code === 'RESOURCE_EXHAUSTED' || retryAfter === undefined) return error
  return new DistError(code, message, { retryable })
}

async function failed(
  transport: Transport,
  request: RegistryRequest,
  response: Response,
  login: string | undefined,
): Promise<never> {
  const { endpoint, scope, what } = request
  const said = await statusError(response, what, transport.retry.maxRetryAfter, {
    pushes: isPush(request),
    // Elsewhere nobody was told who asks.
    user: isOwn(endpoint, response) ? userOf(login) : undefined,
    secrets: [...secretsIn(login), ...Object.values(endpoint.headers ?? {})],
  })
  const error = request.optional === true ? ofRequest(said) : said
  await pauseAsAsked(transport.limiter, response, error)
  if (login !== undefined && hasCode(error, 'UNAUTHENTICATED', 'PERMISSION_DENIED')) {
    const withheld = await transport.authorizer.withheld(endpoint, scope)
    if (withheld !== undefined) throw reword(error, `${error.message}; ${withheld}`)
  }
  throw error
}

/** Follows redirects. What is secret goes to the endpoint's own origin, and not once the way has left it. */
async function follow(
  transport: Transport,
  request: RegistryRequest,
  authorization: string | undefined,
): Promise<Response> {
  const { endpoint } = request
  let { url, own } = request.target ?? { url: requestUrl(request), own: true }
  for (let redirects = 0; ; redirects++) {
    const secret = own
      ? { ...endpoint.headers, ...(authorization === undefined ? {} : { authorization }) }
      : undefined
    const response = await hop(transport, request, url, secret)
    if (!isRedirect(response.status)) return response
    await response.body.discard()
    checkRepeatable(request, response)
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

function checkRepeatable({ method, body, what }: RegistryRequest, { status, url }: Response): void {
  if (method === 'GET' || method === 'HEAD') return
  if (!keepsMethod(status))
    throw new DistError(
      'MALFORMED',
      `${what}: ${url.host} redirects a ${method} with ${status}, which would make it a GET`,
    )
  if (isStream(body))
    throw new DistError('NOT_IMPLEMENTED', `${what}: ${url.host} redirects what is being sent (${status})`)
}

async function hop(
  transport: Transport,
  request: RegistryRequest,
  url: URL,
  secret: Readonly<Record<string, string>> | undefined,
): Promise<Response> {
  const { endpoint, method, signal, what, body, meter } = request
  const lane = isPush(request) ? 'uploads' : 'requests'
  const dispatcher = await about(what, () => transport.agents.dispatcher(url, endpoint, lane))
  const { timeouts, onRequest, onAsk, limiter } = transport
  const permit = request.permit ?? (await about(what, () => limiter.acquire(url.host, { lane, signal })))
  const headers = {
    // Anything else would be decompressed or hashed as something that has another digest.
    'accept-encoding': 'identity',
    'user-agent': transport.userAgent,
    ...(body instanceof Uint8Array ? { 'content-length': String(body.byteLength) } : {}),
    ...request.headers,
    ...secret,
  }
  const onEnd = () => permit.release()
  const options = { timeouts, onRequest, onAsk, onEnd, limiter }
  return watchedExchange(dispatcher, { method, url, headers, body, signal, what, meter }, options)
}

function isPush({ method }: RegistryRequest): boolean {
  return method !== 'GET' && method !== 'HEAD'
}

function requestUrl({ endpoint, path }: RegistryRequest): URL {
  const url = new URL(endpoint.url + path)
  if (endpoint.mirrorOf !== undefined) url.searchParams.set('ns', endpoint.mirrorOf)
  return url
}

function isOwn(endpoint: Endpoint, response: Response): boolean {
  return new URL(endpoint.url).origin === response.url.origin
}
