import type { Descriptor, Digest } from '@dist/oci'
import type { Locator, Reference } from '@dist/reference'
import type {
  CosignTag,
  Fetched,
  FetchedObject,
  FetchOptions,
  Hint,
  ListOptions,
  Pusher,
  ReferrersOptions,
  RemoteOptions,
  Repository,
  Resolved,
  ResolveOptions,
} from '@dist/remotes'
import type { Endpoint } from './endpoint.js'
import { fetchContent } from './fetch/content.js'
import { fetchObject } from './fetch/object.js'
import { listTags } from './listing/tags.js'
import { createMemory, type Memory } from './memory.js'
import { RepositoryPusher } from './push/pusher.js'
import { findCosignTags } from './referrers/cosign.js'
import { findReferrers } from './referrers/referrers.js'
import { resolveReference } from './resolve.js'
import type { Transport } from './transport.js'

export interface RepositoryOptions {
  /** Connections, authorization, limiter, time-outs and retries. The caller closes it. */
  readonly transport: Transport
  /** The endpoints in the order of requests, as `Registry.endpointsFor` returns them. Plain data. */
  readonly endpoints: () => Promise<readonly Endpoint[]>
  readonly locator: Locator
  /** Fetches layers of foreign types from the URLs of their descriptors before the registry. Default: false. */
  readonly foreignUrls?: boolean | undefined
  /** Bytes. As in `RegistryOptions`. */
  readonly chunkSize?: number | undefined
  /** Shared by the repositories of a client. Default: its own. */
  readonly memory?: Memory | undefined
}

/** The options with their defaults. Each verb takes what it needs of them. */
export interface RepositoryContext extends RepositoryOptions {
  readonly foreignUrls: boolean
  readonly memory: Memory
}

/** One repository of a registry, with everything that its requests need. */
export function createRepository(options: RepositoryOptions): Repository {
  return new RegistryRepository(options)
}

class RegistryRepository implements Repository {
  readonly #context: RepositoryContext
  readonly pusher: Pusher

  constructor({ foreignUrls = false, memory = createMemory(), ...options }: RepositoryOptions) {
    this.#context = { ...options, foreignUrls, memory }
    this.pusher = new RepositoryPusher(this.#context)
  }

  resolve(ref: Reference, options: ResolveOptions = {}): Promise<Resolved> {
    return resolveReference(this.#context, ref, options)
  }

  fetch(desc: Descriptor, options: FetchOptions = {}): Promise<Fetched> {
    return fetchContent(this.#context, desc, options)
  }

  fetchObject(
    object: string,
    hints: readonly Hint[] = [],
    options: RemoteOptions = {},
  ): Promise<FetchedObject> {
    return fetchObject(this.#context, object, hints, options)
  }

  referrers(digest: Digest, options: ReferrersOptions = {}): Promise<readonly Descriptor[]> {
    return findReferrers(this.#context, digest, options)
  }

  cosignTags(subjects: readonly Digest[], options: ReferrersOptions = {}): Promise<readonly CosignTag[]> {
    return findCosignTags(this.#context, subjects, options)
  }

  tags(options: ListOptions = {}): AsyncIterable<string> {
    return listTags(this.#context, options)
  }
}
