import { defaultEndpoint } from '@dist/registry-client'
import type { GivenPolicy, HostPolicies } from '@dist/remotes'
import type { Registries } from '@dist/settings'

/** The policies of hosts: `given` for all of them, and for each host what its settings have. */
export function hostPolicies(given: GivenPolicy, registries: Registries = {}): HostPolicies {
  const hosts = Object.entries(registries).flatMap(([host, settings]) => {
    const { requests, requestsPerSecond, bytesPerSecond, reservePulls, patience } = settings
    return namesOf(host).map(
      (name) => [name, { requests, requestsPerSecond, bytesPerSecond, reservePulls, patience }] as const,
    )
  })
  return { ...given, hosts: Object.fromEntries(hosts) }
}

/** The most requests that a host may have at the same time. */
export function mostRequests({ requests, hosts = {} }: HostPolicies): number | undefined {
  const all = [requests, ...Object.values(hosts).map((policy) => policy.requests)]
  const known = all.filter((each) => each !== undefined)
  return known.length === 0 ? undefined : Math.max(...known)
}

/** The address of a registry as in URLs. */
export function addressOf(registry: string): string {
  return new URL(defaultEndpoint(registry).url).host
}

/** A host as in settings, and as in URLs. */
function namesOf(host: string): string[] {
  return [host, addressOf(host), host.replace(/:(?:80|443)$/, '')]
}
