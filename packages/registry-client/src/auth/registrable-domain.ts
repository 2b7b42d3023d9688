// A separate file, imported when it is needed: the public suffix list takes some 10 ms to load.
import { getDomain } from 'tldts'

// Hosts below these belong to different owners, but the public suffix list has only their parents.
const sharedDomains: ReadonlySet<string> = new Set(['amazonaws.com', 'azurecr.io', 'nip.io', 'sslip.io'])

/**
 * The domain that one owner has registered: `docker.io` of `auth.docker.io`. Private suffixes of the public suffix list
 * count as public ones: `a.github.io` and `b.github.io` have different owners. Undefined for IP addresses, public suffixes
 * and names without a dot.
 */
export function registrableDomain(hostname: string): string | undefined {
  const domain = getDomain(hostname, { allowPrivateDomains: true }) ?? undefined
  if (domain === undefined || !sharedDomains.has(domain)) return domain
  const labels = hostname.toLowerCase().replace(/\.$/, '').split('.')
  const count = domain.split('.').length + 1
  return labels.length >= count ? labels.slice(-count).join('.') : undefined
}
