import type { Locator } from '@dist/reference'
import type {
  HostLimiter,
  PusherSource,
  ReferrersSource,
  RegistryLists,
  RemoteOptions,
  Repository,
  Resolver,
} from '@dist/remotes'
import type { Authorizer } from './auth/authorizer.js'
import type { Credentials } from './auth/credential.js'
import { createAuthorizer } from './auth/registry-authorizer.js'
import { defaultEndpoint, type Endpoint } from './endpoint.js'
import { createAgents } from './http/agents.js'
import { createLists } from './listing/lists.js'
import { cancelUploads, createMemory } from './memory.js'
import { ping } from './ping.js'
import { createRepository } from './repository.js'
import { createTransport, type Transport, type TransportOptions } from './transport.js'

export interface RegistryOptions extends TransportOptions {
  /** The endpoints of a host, in order. Default: the host itself, by https, and by http on loopback. */
  readonly hosts?: ((locator: Locator) => Promise<readonly Endpoint[]>) | undefined
  /** The part of a host whose repositories have the same endpoints. Default: the whole host. */
  readonly partOf?: ((locator: Locator) => string | undefined) | undefined
  /** Default: no host has credentials. Unused with an `authorizer`. */
  readonly credentials?: Credentials | undefined
  /** As in `TokenOptions`. */
  readonly loginAdvice?: string | undefined
  /** As in `RepositoryOptions`. Default: false. */
  readonly foreignUrls?: boolean | undefined
  /**
   * Bytes. Larger blobs are pushed in chunks of this size, or of the registry's minimum, for proxies that limit the size
   * of a request. Default: each blob in one request, which all registries accept.
   */
  readonly chunkSize?: number | undefined
}

/** A client of OCI distribution and Docker registries. Dispose closes its connections. */
export interface Registry extends Resolver, PusherSource, ReferrersSource, RegistryLists, AsyncDisposable {
  repository(locator: Locator): Repository
  /** Checks the credentials for a host. Throws `UNAUTHENTICATED` or `PERMISSION_DENIED` if the registry refuses them. */
  ping(locator: Locator, options?: RemoteOptions): Promise<void>
  /** The endpoints of a host: plain data, for repositories in other threads. */
  endpointsFor(locator: Locator): Promise<readonly Endpoint[]>
  /** For transports in other threads: one authorizer for all of them. */
  readonly authorizer: Authorizer
  readonly limiter: HostLimiter
}

export function createRegistry(options: RegistryOptions = {}): Registry {
  const agents = options.agents ?? createAgents(options)
  const base = createTransport({ ...options, agents })
  const authorizer = options.authorizer ?? createAuthorizer({ ...options, ...base, agents })
  const transport: Transport = { ...base, authorizer }
  const known = new Map<string, Promise<readonly Endpoint[]>>()
  const { foreignUrls, chunkSize } = options
  const memory = createMemory()

  const endpointsFor = (locator: Locator): Promise<readonly Endpoint[]> => {
    const key = `${locator.host} ${options.partOf?.(locator) ?? ''}`
    const found = known.get(key) ?? endpointsOf(locator, options)
    known.set(key, found)
    found.catch(() => known.delete(key))
    return found
  }
  const repository = (locator: Locator): Repository => {
    const endpoints = () => endpointsFor(locator)
    return createRepository({ transport, endpoints, locator, foreignUrls, chunkSize, memory })
  }
  return {
    repository,
    resolve: (ref, o) => repository(ref).resolve(ref, o),
    fetcher: repository,
    pusher: (locator) => repository(locator).pusher,
    referrers: (locator, digest, o) => repository(locator).referrers(digest, o),
    cosignTags: (locator, subjects, o) => repository(locator).cosignTags(subjects, o),
    ...createLists({ transport, endpointsFor, credentials: options.credentials }),
    ping: async (locator, o = {}) => ping(transport, await endpointsFor(locator), o.signal),
    endpointsFor,
    authorizer,
    limiter: transport.limiter,
    async [Symbol.asyncDispose]() {
      await cancelUploads(memory)
      if (options.agents === undefined) await agents[Symbol.asyncDispose]()
    },
  }
}

async function endpointsOf(locator: Locator, { hosts }: RegistryOptions): Promise<readonly Endpoint[]> {
  const configured = await hosts?.(locator)
  return configured === undefined || configured.length === 0 ? [defaultEndpoint(locator.host)] : configured
}
