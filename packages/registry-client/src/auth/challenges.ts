import { DistError, sanitize, withoutSecrets } from '@dist/errdefs'
import type { Endpoint } from '../endpoint.js'
import { exchange } from '../http/exchange.js'
import { type Challenge, parseChallenges, preferredChallenge } from './challenge.js'
import type { TokenOptions } from './token.js'

/**
 * The challenge that an endpoint puts: the one in these headers, or, since some registries leave it out on their
 * resources, the one on its base URL. Throws `UNAUTHENTICATED` where there is none that can be answered.
 */
export async function findChallenge(
  endpoint: Endpoint,
  headers: readonly string[],
  options: TokenOptions,
): Promise<Challenge> {
  const challenge = preferredChallenge(parseChallenges(headers))
  if (challenge !== undefined) return challenge
  const asked = headers.length > 0 ? headers : await ping(endpoint, options)
  const found = preferredChallenge(parseChallenges(asked))
  if (found !== undefined) return found
  const said =
    asked.length === 0 ? 'no challenge' : `"${sanitize(withoutSecrets(asked.join(', ').slice(0, 1000)), 80)}"`
  throw new DistError(
    'UNAUTHENTICATED',
    `${new URL(endpoint.url).host} wants a login but says ${said}: only Bearer and Basic are supported`,
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

/** The `WWW-Authenticate` headers of an answer, each apart. */
export function challengesOf(header: string | readonly string[] | undefined): readonly string[] {
  return header === undefined ? [] : typeof header === 'string' ? [header] : header
}
