import { isIP } from 'node:net'
import type { Endpoint } from '../endpoint.js'
import { namesRealm } from '../http/guard.js'
import { isTooLong } from '../http/redirect.js'

/**
 * Why a token server must not be asked at all, going by its URL; undefined when it may be. A registry names the realm, so a
 * hostile one could make us ask in the clear. Where it may be is judged when it is connected to.
 */
export function realmRefusal(realm: URL, registry: URL): string | undefined {
  if (realm.protocol !== 'https:' && realm.protocol !== 'http:') return `has the scheme ${realm.protocol}`
  if (realm.protocol === 'http:' && registry.protocol === 'https:')
    return 'is plain http, the registry is not'
  if (isTooLong(realm)) return 'has a host whose name is too long'
  if (realm.username !== '' || realm.password !== '') return 'carries a user'
  return undefined
}

/** Whether an endpoint's credentials may be sent to a realm: same host, same registrable domain, or listed in its settings. */
export function mayHaveCredentials(realm: URL, endpoint: Endpoint): boolean {
  const { hostname } = new URL(endpoint.url)
  return realm.hostname === hostname || namesRealm(endpoint, realm) || sameDomain(realm.hostname, hostname)
}

// Under these everybody can have a name; two of them have nothing to do with each other.
const sharedSuffixes = [
  'amazonaws.com',
  'azurecr.io',
  'azurewebsites.net',
  'cloudapp.net',
  'cloudfront.net',
  'appspot.com',
  'run.app',
  'web.app',
  'github.io',
  'gitlab.io',
  'herokuapp.com',
  'netlify.app',
  'ngrok.io',
  'ngrok.app',
  'ngrok-free.app',
  'pages.dev',
  'workers.dev',
  'vercel.app',
  'fly.dev',
  'onrender.com',
  'duckdns.org',
  'nip.io',
  'sslip.io',
]
const secondLevel = new Set(['ac', 'co', 'com', 'edu', 'go', 'gov', 'ltd', 'ne', 'net', 'or', 'org', 'plc'])

function sameDomain(a: string, b: string): boolean {
  const domain = registrableDomain(a)
  return domain !== undefined && domain === registrableDomain(b)
}

/**
 * The part of a name that somebody registered: `docker.io` of `auth.docker.io`. An estimate without the public
 * suffix list, made to err on the side of a longer, narrower domain.
 */
export function registrableDomain(hostname: string): string | undefined {
  if (isIP(hostname.replace(/^\[|\]$/g, '')) !== 0) return undefined
  const labels = hostname.toLowerCase().replace(/\.$/, '').split('.')
  const suffix = sharedSuffixes.find((shared) => hostname === shared || hostname.endsWith(`.${shared}`))
  const [second = '', top = ''] = labels.slice(-2)
  const suffixLength =
    suffix !== undefined ? suffix.split('.').length : top.length === 2 && secondLevel.has(second) ? 2 : 1
  return labels.length > suffixLength ? labels.slice(-suffixLength - 1).join('.') : undefined
}
