import type { Locator } from '@dist/reference'
import {
  type Endpoint,
  hostsFromDirectories,
  openRegistriesConf,
  registryItself,
  unlistedHost,
} from '@dist/registry-client'

/** The endpoints of a repository, in the order of requests. */
export type Hosts = (locator: Locator) => Promise<readonly Endpoint[]>

export interface FoundHosts {
  readonly hosts: Hosts
  /** The part of a host whose repositories have the same endpoints. Undefined: the whole host. */
  partOf(locator: Locator): string | undefined
}

/**
 * The endpoints by files: the entry of the host in the directories (`hosts.toml`), else the `registries.conf`, else the host
 * itself. What the `registries.conf` blocks stays blocked. Throws `INVALID_ARGUMENT` for a `registries.conf` with a mistake.
 */
export async function findHosts(
  directories: readonly string[],
  registriesConf: string | undefined,
): Promise<FoundHosts> {
  const listed = (host: string) => hostsFromDirectories(directories, host)
  const unlisted = (host: string) => unlistedHost(directories, host)
  if (registriesConf === undefined)
    return {
      hosts: async ({ host }) => (await listed(host)) ?? [unlisted(host)],
      partOf: () => undefined,
    }
  const endpointOf = async (host: string) => registryItself((await listed(host)) ?? [unlisted(host)])
  const conf = await openRegistriesConf(registriesConf, { endpointOf })
  return {
    hosts: async (locator) => {
      conf.checkAllowed(locator)
      const { host } = locator
      return (await listed(host)) ?? (await conf.endpointsOf(locator)) ?? [unlisted(host)]
    },
    partOf: (locator) => conf.prefixOf(locator),
  }
}
