import { isIP } from 'node:net'
import { isInternalAddress, isInternalHost } from './addresses.js'

/** The addresses of a host name; rejects where there are none. */
export type Lookup = (hostname: string) => Promise<readonly string[]>

/**
 * Why a token server must not be asked at all, going by its URL; undefined when it may be. A registry names the
 * realm, so a hostile one could make us ask for what only we can reach, or ask in the clear.
 * `trusted`: hosts that the configuration names for this registry.
 */
export function realmRefusal(realm: URL, registry: URL, trusted: readonly string[] = []): string | undefined {
  if (realm.protocol !== 'https:' && realm.protocol !== 'http:') return `has the scheme ${realm.protocol}`
  if (realm.protocol === 'http:' && registry.protocol === 'https:')
    return 'is plain http, the registry is not'
  if (realm.username !== '' || realm.password !== '') return 'carries a user'
  if (realm.hostname === registry.hostname || isTrusted(realm, trusted)) return undefined
  return isInternalHost(realm.hostname) ? 'is an internal address, and not the registry itself' : undefined
}

/**
 * The same by what the realm's name resolves to: internal addresses are for registries of the same domain, or for
 * those that are internal themselves. A name that does not resolve here may resolve at a proxy.
 */
export async function resolvedRealmRefusal(
  realm: URL,
  registry: URL,
  lookup: Lookup,
  trusted: readonly string[] = [],
): Promise<string | undefined> {
  if (realm.hostname === registry.hostname || isTrusted(realm, trusted)) return undefined
  const addresses = await lookup(realm.hostname).catch(() => [])
  if (!addresses.some(isInternalAddress)) return undefined
  if (isInternalHost(registry.hostname)) return undefined
  const own = await lookup(registry.hostname).catch(() => [])
  if (own.length > 0 && own.every(isInternalAddress) && sameDomain(realm.hostname, registry.hostname))
    return undefined
  return 'resolves to an internal address, and the registry does not'
}

/** Whether a registry's credentials may be sent to a realm: same host, same registrable domain, or configured. */
export function mayHaveCredentials(realm: URL, registry: URL, trusted: readonly string[] = []): boolean {
  return (
    realm.hostname === registry.hostname ||
    isTrusted(realm, trusted) ||
    sameDomain(realm.hostname, registry.hostname)
  )
}

function isTrusted(realm: URL, trusted: readonly string[]): boolean {
  return trusted.includes(realm.host) || trusted.includes(realm.hostname)
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
