import type { Locator } from '@dist/reference'
import type {
  Fetcher,
  FetchOptions,
  HostLimiter,
  ObjectFetcher,
  PusherSource,
  ReferrersSource,
  RemoteOptions,
  Resolver,
} from '@dist/remotes'
import type { Authorizer } from './auth/authorizer.js'
import type { Credentials } from './auth/credential.js'
import { createAuthorizer } from './auth/registry-authorizer.js'
import { defaultEndpoint, type Endpoint } from './endpoint.js'
import type { Source } from './fetch.js'
import { createFetcher } from './fetcher.js'
import { createAgents } from './http/agents.js'
import { createPusher, createPushMemory, forgetUploads } from './push/pusher.js'
import { KnownNoLists } from './referrers/api.js'
import { findReferrers } from './referrers/referrers.js'
import { resolveReference } from './resolve.js'
import { createTransport, type Transport, type TransportOptions } from './transport.js'

export interface RegistryOptions extends TransportOptions {
  /** The endpoints of a registry's host, in order. Default: the host itself, https unless it is loopback. */
  readonly hosts?: ((host: string) => Promise<readonly Endpoint[]>) | undefined | undefined
  /** Default: nobody has any. Unused where an `authorizer` is given. */
  readonly credentials?: Credentials | undefined
  /** As in `FetcherOptions`. Default: false. */
  readonly foreignUrls?: boolean | undefined
  /**
   * Bytes. Larger blobs are pushed in chunks of so many, for what stands before a registry and limits a request; more
   * where the registry wants more. Default: each blob in one request, which all registries take.
   */
  readonly chunkSize?: number | undefined
}

/** The client of OCI distribution and Docker registries. Dispose closes its connections. */
export interface Registry extends Resolver, PusherSource, ReferrersSource, AsyncDisposable {
  /** For fetchers in other threads: `createFetcher` there takes it as it is. */
  endpointsFor(locator: Locator): Promise<readonly Endpoint[]>
  /** For fetchers in other threads: answers for all of them. */
  readonly authorizer: Authorizer
  readonly limiter: HostLimiter
}

export function createRegistry(options: RegistryOptions = {}): Registry {
  const agents = options.agents ?? createAgents(options)
  const base = createTransport({ ...options, agents })
  const authorizer = options.authorizer ?? createAuthorizer({ ...options, ...base, agents })
  const transport: Transport = { ...base, authorizer }
  const known = new Map<string, Promise<readonly Endpoint[]>>()
  const { foreignUrls = false, chunkSize } = options
  const memory = createPushMemory()
  const noLists = new KnownNoLists()

  const endpointsFor = ({ host }: Locator): Promise<readonly Endpoint[]> => {
    const found = known.get(host) ?? endpointsOf(host, options)
    known.set(host, found)
    found.catch(() => known.delete(host))
    return found
  }
  const fetcher = (locator: Locator): Fetcher & ObjectFetcher => {
    const ready = async () =>
      createFetcher({ transport, endpoints: await endpointsFor(locator), locator, foreignUrls })
    return {
      fetch: async (desc, o: FetchOptions = {}) => (await ready()).fetch(desc, o),
      fetchObject: async (object, hints, o: RemoteOptions = {}) =>
        (await ready()).fetchObject(object, hints, o),
    }
  }
  const sourceOf = async (locator: Locator): Promise<Source> => ({
    transport,
    endpoints: await endpointsFor(locator),
    locator,
    foreignUrls,
  })
  return {
    resolve: async (ref, o = {}) => resolveReference(await sourceOf(ref), ref, o),
    fetcher,
    pusher: (locator) =>
      createPusher({ transport, endpoints: () => endpointsFor(locator), locator, chunkSize, memory }),
    referrers: async (locator, digest, o = {}) => findReferrers(await sourceOf(locator), digest, noLists, o),
    endpointsFor,
    authorizer,
    limiter: transport.limiter,
    async [Symbol.asyncDispose]() {
      await forgetUploads(memory)
      if (options.agents === undefined) await agents[Symbol.asyncDispose]()
    },
  }
}

async function endpointsOf(host: string, { hosts }: RegistryOptions): Promise<readonly Endpoint[]> {
  const configured = await hosts?.(host)
  return configured === undefined || configured.length === 0 ? [defaultEndpoint(host)] : configured
}
