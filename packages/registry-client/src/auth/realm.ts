import type { Endpoint } from '../endpoint.js'
import { namesRealm } from '../http/guard.js'
import { isTooLong } from '../http/redirect.js'

/**
 * Why the URL of a token server is refused; undefined if it is accepted. A registry names the realm, so a hostile one could
 * ask for requests in the clear (R3). The address is checked on connect.
 */
export function realmRefusal(realm: URL, registry: URL): string | undefined {
  if (realm.protocol !== 'https:' && realm.protocol !== 'http:') return `has the scheme ${realm.protocol}`
  if (realm.protocol === 'http:' && registry.protocol === 'https:')
    return 'is plain http, the registry is https'
  if (isTooLong(realm)) return 'has a host name that is too long'
  if (realm.username !== '' || realm.password !== '') return 'contains a user'
  return undefined
}

/**
 * Whether an endpoint's credentials may be sent to a realm (R4): the same host, the same registrable domain, Docker Hub's
 * own realm, or a realm in the endpoint's settings.
 */
export async function mayHaveCredentials(realm: URL, endpoint: Endpoint): Promise<boolean> {
  const { hostname } = new URL(endpoint.url)
  if (realm.hostname === hostname || namesRealm(endpoint, realm)) return true
  // Not needed for the result: without the public suffix list, which takes some 10 ms to load.
  if (realm.hostname === 'auth.docker.io' && hostname === 'registry-1.docker.io') return true
  const { registrableDomain } = await import('./registrable-domain.js')
  const domain = registrableDomain(realm.hostname)
  return domain !== undefined && domain === registrableDomain(hostname)
}
