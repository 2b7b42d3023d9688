import { DistError } from '@dist/errdefs'
import { formatPrefix, type Locator } from '@dist/reference'
import type { Capability, Endpoint } from '../../endpoint.js'
import type { ConfRegistry, MirrorUse, Place } from './file.js'
import { speaksTls } from './speaks-tls.js'

export interface RegistriesConfOptions {
  /** The endpoint of a host without this file. */
  readonly endpointOf: (host: string) => Promise<Endpoint>
  /** Whether a host answers TLS, for places that are `insecure`. Default: asks it. */
  readonly speaksTls?: ((host: string) => Promise<boolean>) | undefined
}

/** Where the repositories of registries are, by a `registries.conf`. */
export interface RegistriesConf {
  /** The prefix in the file that applies to a repository: the longest. Undefined: none does. */
  prefixOf(locator: Locator): string | undefined
  /** Throws `PERMISSION_DENIED` for a repository that the file blocks. */
  checkAllowed(locator: Locator): void
  /**
   * The endpoints of a repository: mirrors for reading, then the place itself. They are the same for all repositories of a host
   * with one prefix. Undefined: no prefix applies.
   */
  endpointsOf(locator: Locator): Promise<readonly Endpoint[]> | undefined
}

/** Opens a `registries.conf` with its drop-ins. Throws as `readRegistriesConf`. */
export async function openRegistriesConf(
  path: string,
  { endpointOf, speaksTls: asks = speaksTls }: RegistriesConfOptions,
): Promise<RegistriesConf> {
  const { readRegistriesConf } = await import('./file.js')
  const registries = await readRegistriesConf(path)
  const find = (locator: Locator) => longest(registries, locator)
  const endpointAt = async (from: Locator, { location, insecure }: Place): Promise<Endpoint> => {
    const endpoint = moved(await endpointOf(location.host), from, location)
    return insecure ? unverified(endpoint, await asks(location.host)) : endpoint
  }
  const endpointsFor = async (registry: ConfRegistry, host: string): Promise<readonly Endpoint[]> => {
    const from = placeOf(registry, host)
    const mirrors = await Promise.all(
      registry.mirrors.map(async ({ use, ...place }) => mirrorFor(host, use, await endpointAt(from, place))),
    )
    const { location = from, insecure } = registry
    return [...mirrors, await endpointAt(from, { location, insecure })]
  }
  return {
    prefixOf: (locator) => find(locator)?.prefix,
    checkAllowed: (locator) => {
      const found = find(locator)
      if (found?.blocked !== true) return
      throw new DistError(
        'PERMISSION_DENIED',
        `${formatPrefix(locator)}: blocked by ${found.file}: the prefix "${found.prefix}"`,
      )
    },
    endpointsOf: (locator) => {
      const found = find(locator)
      return found === undefined ? undefined : endpointsFor(found, locator.host)
    },
  }
}

function longest(registries: readonly ConfRegistry[], locator: Locator): ConfRegistry | undefined {
  let found: ConfRegistry | undefined
  for (const registry of registries)
    if (applies(registry.prefix, locator) && registry.prefix.length > (found?.prefix.length ?? 0))
      found = registry
  return found
}

/** A prefix without a port is for a host without a port. */
function applies(prefix: string, { host, repository }: Locator): boolean {
  if (prefix.startsWith('*.')) return host.endsWith(prefix.slice(1)) && host.length > prefix.length - 1
  const name = formatPrefix({ host, repository })
  return name === prefix || name.startsWith(`${prefix}/`)
}

/** The part of references that a location replaces. A wildcard stands for the host. */
function placeOf({ prefix }: ConfRegistry, host: string): Locator {
  if (prefix.startsWith('*.')) return { host, repository: '' }
  return { host, repository: prefix.slice(host.length + 1) }
}

function moved(endpoint: Endpoint, from: Locator, to: Locator): Endpoint {
  if (from.repository === to.repository) return endpoint
  return { ...endpoint, moved: { from: from.repository, to: to.repository } }
}

const reads: readonly Capability[] = ['pull', 'resolve']
const only: Readonly<Record<MirrorUse, Endpoint['only']>> = {
  all: undefined,
  'digest-only': 'digests',
  'tag-only': 'tags',
}

function mirrorFor(host: string, use: MirrorUse, endpoint: Endpoint): Endpoint {
  const resolves = only[use]
  return {
    ...endpoint,
    capabilities: endpoint.capabilities.filter((capability) => reads.includes(capability)),
    mirrorOf: host,
    ...(resolves === undefined ? {} : { only: resolves }),
  }
}

function unverified(endpoint: Endpoint, isTls: boolean): Endpoint {
  if (!isTls) return { ...endpoint, url: endpoint.url.replace(/^https:/, 'http:') }
  const url = endpoint.url.replace(/^http:/, 'https:')
  return { ...endpoint, url, tls: { ...endpoint.tls, skipVerify: true } }
}
