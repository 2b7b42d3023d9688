import { DistError, hasCode, isCanceled, reword, sleep, unlessAborted } from '@dist/errdefs'
import type { Permit } from '@dist/remotes'
import type { Scope } from '../auth/authorizer.js'
import { challengesOf } from '../auth/challenges.js'
import { secretsIn, userOf } from '../auth/credential.js'
import { type Endpoint, urlOf } from '../endpoint.js'
import { withObjectName } from '../http/errors.js'
import type { Method, Response } from '../http/exchange.js'
import { isStream, type RequestBody } from '../http/outgoing.js'
import { quotaOf } from '../http/quota.js'
import { reportAnswer } from '../http/report.js'
import { statusError } from '../http/status.js'
import type { Throughput } from '../http/throughput.js'
import type { Transport } from '../transport.js'
import { classOf, follow, isPull } from './follow.js'
import { markLoginError, type RetryPolicy } from './retry.js'

/** A URL that an answer named for the next request. */
export interface Target {
  readonly url: URL
  /** Every hop was at the endpoint's origin. Other origins get no secrets. */
  readonly own: boolean
}

/** What the requests of one operation share. */
export interface RequestContext {
  readonly transport: Transport
  readonly endpoint: Endpoint
  readonly scope: Scope
  /** The object, for errors. */
  readonly what: string
  readonly retry: RetryPolicy
  readonly signal: AbortSignal | undefined
}

export interface RegistryRequest {
  readonly method: Method
  /** Below the endpoint's base: `/library/alpine/manifests/latest`. */
  readonly path: string
  /** Replaces the path. */
  readonly target?: Target | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Bytes are sent again after a 401 or a redirect. A stream is not: `UNAVAILABLE`, to be retried by the caller. */
  readonly body?: RequestBody | undefined
  /** A slot in the host's lane for uploads that the caller has acquired; for streams, which make one request. */
  readonly permit?: Permit | undefined
  /** The body of the answer is large: a `Receiver` reads it. Default: false. */
  readonly large?: boolean | undefined
  /** As in `ExchangeRequest`. */
  readonly meter?: Throughput | undefined
  /** Statuses to return besides 200. Every other status is thrown as an error. */
  readonly accept?: readonly number[] | undefined
  /** An alternative to the request exists: a 401 without a challenge is an answer then. */
  readonly optional?: boolean | undefined
}

/** A host that limits its rate refuses few requests, and the same one rarely twice. */
const mostRefusals = 4

/**
 * Sends one request to an endpoint: with authorization, a new authorization after one 401, and redirects. A second 401 is
 * `UNAUTHENTICATED`. A request that the host refuses because it limits its rate is sent again after the time that the host
 * asks for, unless its body is a stream. A pause that the host asks for is reported to the limiter.
 */
export async function send(context: RequestContext, request: RegistryRequest): Promise<Response> {
  for (let refusals = 1; ; refusals++) {
    try {
      return await sendOnce(context, request)
    } catch (error) {
      if (!(error instanceof RateRefusal)) throw error
      if (refusals >= mostRefusals || isStream(request.body)) throw error.refusal
      await sleep(error.wait, context.signal)
    }
  }
}

/** Thrown inside this module: the host takes the request after `wait` milliseconds. */
class RateRefusal extends Error {
  constructor(
    readonly refusal: DistError,
    readonly wait: number,
  ) {
    super(refusal.message)
  }
}

async function sendOnce(context: RequestContext, request: RegistryRequest): Promise<Response> {
  const { endpoint, scope, transport } = context
  const isOwn = request.target?.own ?? true
  const authorization = isOwn
    ? await authorize(transport.authorizer.authorization(endpoint, scope), context)
    : undefined
  const response = await follow(context, request, authorization)
  // Only a 401 of the registry itself counts: a redirect target must not name a realm for the registry's credentials.
  if (response.status !== 401 || !isOwn || !isFromEndpoint(endpoint, response))
    return accepted(context, request, response, authorization)
  const renewed = await renewAuthorization(context, request, response, authorization)
  if (renewed === undefined) throw await errorOf(context, request, response, authorization)
  return accepted(context, request, await follow(context, request, renewed), renewed)
}

/** The authorization after a 401. Undefined if an optional request got no challenge. */
async function renewAuthorization(
  context: RequestContext,
  request: RegistryRequest,
  response: Response,
  rejected: string | undefined,
): Promise<string | undefined> {
  const { transport, endpoint, scope, what } = context
  const challenges = challengesOf(response.headers['www-authenticate'])
  await response.body.discard()
  const reached = transport.agents.reachedAt(endpoint)
  const renewing = transport.authorizer.challenged(endpoint, scope, challenges, rejected, reached)
  try {
    const renewed = await authorize(renewing, context)
    if (!isStream(request.body)) return renewed
  } catch (error) {
    const isAnswer = challenges.length === 0 && hasCode(error, 'UNAUTHENTICATED')
    if (request.optional === true && isAnswer) return undefined
    throw error
  }
  throw new DistError('UNAVAILABLE', `${what}: login expired (${response.url.host}); send the content again`)
}

/** Waits for the authorizer, and marks its errors. */
async function authorize<T>(answer: Promise<T>, { what, signal }: RequestContext): Promise<T> {
  try {
    return await withObjectName(what, () => unlessAborted(answer, signal))
  } catch (error) {
    throw error instanceof DistError && !isCanceled(error) ? markLoginError(error) : error
  }
}

async function accepted(
  context: RequestContext,
  request: RegistryRequest,
  response: Response,
  authorization: string | undefined,
): Promise<Response> {
  const { status } = response
  if (status === 200 || request.accept?.includes(status)) return response
  throw await errorOf(context, request, response, authorization)
}

async function errorOf(
  context: RequestContext,
  request: RegistryRequest,
  response: Response,
  authorization: string | undefined,
): Promise<Error> {
  const { transport, endpoint, scope, what, retry } = context
  const { method, optional = false } = request
  const answered = await statusError(response, what, retry.maxRetryAfter, {
    pushes: method !== 'GET' && method !== 'HEAD',
    // Other origins did not get the user's name.
    user: isFromEndpoint(endpoint, response) ? userOf(authorization) : undefined,
    secrets: [...secretsIn(authorization), ...Object.values(endpoint.headers ?? {})],
  })
  const error = optional ? limitedToRequest(answered) : answered
  if (isPull(request) && response.status === 429) await refusePull(context, response)
  const about = classOf(context, request, response.url.host)
  const wait = await reportAnswer(transport.limiter, response, error, about)
  if (wait !== undefined) return new RateRefusal(error, wait)
  if (authorization !== undefined && hasCode(error, 'UNAUTHENTICATED', 'PERMISSION_DENIED')) {
    const withheld = await transport.authorizer.withheld(endpoint, scope)
    if (withheld !== undefined) return reword(error, `${error.message}; ${withheld}`)
  }
  return error
}

/** Throws `quotaError` for a pull that the host refused because its quota is used up: its other requests go on. */
async function refusePull(
  { transport: { limiter }, what }: RequestContext,
  response: Response,
): Promise<void> {
  const quota = quotaOf(response.headers)
  const { host } = response.url
  if (quota?.remaining !== 0) return
  await limiter.told(host, quota)
  await withObjectName(what, () => limiter.admitPull(host))
}

/** The error without the pause that it asks for: it may concern the optional request alone. A quota keeps its pause. */
function limitedToRequest(error: DistError): DistError {
  const { code, message, retryable, retryAfter } = error
  if (code === 'RESOURCE_EXHAUSTED' || retryAfter === undefined) return error
  return new DistError(code, message, { retryable })
}

function isFromEndpoint(endpoint: Endpoint, response: Response): boolean {
  return urlOf(endpoint).origin === response.url.origin
}
