import { DistError, isRetryable } from '@dist/errdefs'
import type { HostLimiter } from '@dist/remotes'
import type { Endpoint } from '../endpoint.js'
import type { Agents } from '../http/agents.js'
import { withObjectName } from '../http/errors.js'
import type { BytesListener, ExchangeRequest, RequestEvent, Timeouts } from '../http/exchange.js'
import { reportAnswer, reportedExchange } from '../http/report.js'
import { statusError } from '../http/status.js'
import { type RetryPolicy, withRetries } from '../request/retry.js'
import { basicAuthorization, type Credential, quoteUser, secretsIn } from './credential.js'

/** An authorization, and its expiry in milliseconds since the epoch. */
export interface Grant {
  readonly authorization: string
  readonly expiresAt: number
}

export interface TokenRequest {
  readonly endpoint: Endpoint
  readonly realm: URL
  readonly service: string | undefined
  /** Empty for a login. */
  readonly scope: string
  readonly credential: Credential | undefined
}

export interface TokenOptions {
  readonly agents: Agents
  readonly limiter: HostLimiter
  readonly timeouts: Timeouts
  readonly retry: RetryPolicy
  readonly userAgent: string
  readonly onRequest?: ((event: RequestEvent) => void) | undefined
  readonly onBytes?: BytesListener | undefined
  readonly onAsk?: ((host: string) => () => void) | undefined
  /** What a user does for a registry that requires credentials. Default: `log in to this registry first`. */
  readonly loginAdvice?: string | undefined
}

export const defaultLoginAdvice = 'log in to this registry first'

// Seconds, for a token without an expiry (distribution's token specification).
const defaultLifetime = 60
// Bytes.
const maxTokenResponse = 64 * 1024

/**
 * Requests a token from a token server. `UNAUTHENTICATED` if it refuses the credential, `MALFORMED` for an answer without a
 * token, a redirect, or more than 64 KiB (R5). Errors never contain the answer: it may contain the token.
 */
export async function fetchToken(request: TokenRequest, options: TokenOptions): Promise<Grant> {
  const { realm, endpoint } = request
  const outgoing = tokenExchange(request, options.userAgent)
  const dispatcher = await withObjectName(outgoing.what, () => options.agents.dispatcher(realm, endpoint))
  return withRetries(options.retry, undefined, async () => {
    const permit = await options.limiter.acquire(realm.host, { lane: 'tokens', kind: 'tokens' })
    const onEnd = () => permit.release()
    const response = await reportedExchange(dispatcher, outgoing, { ...options, onEnd })
    if (response.status === 200)
      return grantOf(await response.body.start(maxTokenResponse + 1), outgoing.what)
    const secrets = secretsOf(request.credential)
    const error = await statusError(response, outgoing.what, options.retry.maxRetryAfter, { secrets })
    await reportAnswer(options.limiter, response, error)
    if (isRetryable(error)) throw error
    throw refusal(response.status, outgoing.what, request.credential, options.loginAdvice)
  })
}

function secretsOf(credential: Credential | undefined): readonly string[] {
  if (credential === undefined) return []
  if (credential.kind !== 'password') return [credential.token]
  return secretsIn(basicAuthorization(credential.username, credential.password))
}

function refusal(
  status: number,
  what: string,
  credential: Credential | undefined,
  advice: string | undefined,
): DistError {
  if (status === 401 || status === 403)
    return new DistError('UNAUTHENTICATED', `${what}: ${loginRefusal(status, credential, advice)}`)
  // A redirect would send the credential to another server.
  const why = status >= 300 && status < 400 ? 'redirects, which is refused' : `answered ${status}`
  return new DistError('MALFORMED', `${what}: ${why}`)
}

/** The refusal, with the user and without secrets. */
function loginRefusal(
  status: number,
  credential: Credential | undefined,
  advice = defaultLoginAdvice,
): string {
  if (credential === undefined) return `refused (${status}); ${advice}`
  const subject =
    credential.kind === 'password' ? `the user ${quoteUser(credential.username)}` : 'the identity token'
  return `${subject} is refused (${status}); check the credentials, or log in again`
}

function tokenExchange(request: TokenRequest, userAgent: string): ExchangeRequest {
  const { credential, realm } = request
  const what = `token${request.scope === '' ? '' : ` for ${request.scope}`} from ${realm.host}`
  const headers = { accept: 'application/json', 'accept-encoding': 'identity', 'user-agent': userAgent }
  if (credential?.kind === 'identity') {
    const body = oauthForm(request, credential.token)
    const form = { ...headers, 'content-type': 'application/x-www-form-urlencoded' }
    return { method: 'POST', url: realm, headers: form, body, what }
  }
  const url = new URL(realm)
  if (request.service !== undefined) url.searchParams.set('service', request.service)
  for (const scope of request.scope.split(' ').filter((each) => each !== ''))
    url.searchParams.append('scope', scope)
  if (credential?.kind !== 'password') return { method: 'GET', url, headers, what }
  url.searchParams.set('account', credential.username)
  const authorization = basicAuthorization(credential.username, credential.password)
  return { method: 'GET', url, headers: { ...headers, authorization }, what }
}

function oauthForm({ service, scope }: TokenRequest, refreshToken: string): string {
  const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken })
  if (service !== undefined) form.set('service', service)
  form.set('client_id', 'dist')
  form.set('scope', scope)
  return form.toString()
}

function grantOf(content: Uint8Array, what: string): Grant {
  if (content.byteLength > maxTokenResponse)
    throw new DistError('MALFORMED', `${what}: answer exceeds the limit of ${maxTokenResponse} bytes`)
  let document: { token?: unknown; access_token?: unknown; expires_in?: unknown } | null
  try {
    document = JSON.parse(Buffer.from(content).toString('utf8'))
  } catch {
    throw new DistError('MALFORMED', `${what}: answer is not JSON`)
  }
  const token = document?.token || document?.access_token
  // The token becomes a header value: other characters than visible ASCII could end the header.
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token))
    throw new DistError('MALFORMED', `${what}: answer has no token`)
  return { authorization: `Bearer ${token}`, expiresAt: Date.now() + lifetime(document?.expires_in) * 1000 }
}

function lifetime(expiresIn: unknown): number {
  const seconds = typeof expiresIn === 'number' && expiresIn > 0 ? expiresIn : defaultLifetime
  // Renewed a little early: a request with an expired token costs a round trip.
  return seconds - Math.min(10, seconds / 10)
}
