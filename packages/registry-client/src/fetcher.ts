import type { Locator } from '@dist/reference'
import type { Fetcher, ObjectFetcher } from '@dist/remotes'
import type { Endpoint } from './endpoint.js'
import { fetchContent } from './fetch.js'
import { fetchObject } from './object.js'
import type { Transport } from './transport.js'

export interface FetcherOptions {
  readonly transport: Transport
  /** Where to ask, in order. Plain data, as `Registry.endpointsFor` gives it. */
  readonly endpoints: readonly Endpoint[]
  readonly locator: Locator
  /**
   * Fetches layers of foreign types from the URLs that their descriptors name, before the registry is asked.
   * Default: false.
   */
  readonly foreignUrls?: boolean | undefined
}

/** Fetches from one repository. Whoever made the transport closes it. */
export function createFetcher(options: FetcherOptions): Fetcher & ObjectFetcher {
  const source = { ...options, foreignUrls: options.foreignUrls ?? false }
  return {
    fetch: (desc, o = {}) => fetchContent(source, desc, o),
    fetchObject: (object, hints = [], o = {}) => fetchObject(source, object, hints, o),
  }
}
