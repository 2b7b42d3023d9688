import { DistError, sanitize, withoutSecrets } from '@dist/errdefs'
import type { Endpoint } from '../endpoint.js'
import { exchange } from '../http/exchange.js'
import { type Challenge, parseChallenges, preferredChallenge } from './challenge.js'
import type { TokenOptions } from './token.js'

/**
 * The challenge of an endpoint: in these headers or, because some registries leave it out on their resources, in the answer of
 * its base URL. Throws `UNAUTHENTICATED` without a supported challenge.
 */
export async function findChallenge(
  endpoint: Endpoint,
  headers: readonly string[],
  options: TokenOptions,
): Promise<Challenge> {
  const challenge = preferredChallenge(parseChallenges(headers))
  if (challenge !== undefined) return challenge
  const received = headers.length > 0 ? headers : await ping(endpoint, options)
  const found = preferredChallenge(parseChallenges(received))
  if (found !== undefined) return found
  const text =
    received.length === 0
      ? 'no challenge'
      : `"${sanitize(withoutSecrets(received.join(', ').slice(0, 1000)), 80)}"`
  throw new DistError(
    'UNAUTHENTICATED',
    `${new URL(endpoint.url).host} requires a login and sends ${text}: only Bearer and Basic are supported`,
  )
}

async function ping(endpoint: Endpoint, options: TokenOptions): Promise<readonly string[]> {
  const url = new URL(`${endpoint.url}/`)
  const dispatcher = await options.agents.dispatcher(url, endpoint)
  const headers = { ...endpoint.headers, 'user-agent': options.userAgent }
  const response = await exchange(
    dispatcher,
    { method: 'GET', url, headers, what: `challenge of ${url.host}` },
    options,
  )
  await response.body.discard()
  return challengesOf(response.headers['www-authenticate'])
}

/** The `WWW-Authenticate` headers of an answer. */
export function challengesOf(header: string | readonly string[] | undefined): readonly string[] {
  return header === undefined ? [] : typeof header === 'string' ? [header] : header
}
