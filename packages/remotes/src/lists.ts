import type { Digest } from '@dist/oci'
import type { Locator } from '@dist/reference'
import type { RemoteOptions } from './remotes.js'

/**
 * How the repositories of a registry are listed: by `_catalog` (CNCF distribution), or by the own API of Docker Hub or of
 * Harbor.
 */
export const discoveries = ['catalog', 'docker-hub', 'harbor'] as const
export type Discovery = (typeof discoveries)[number]

export interface ListOptions extends RemoteOptions {
  /** Called for each entry that is not a valid name. The list continues without it. Sanitize before printing. */
  readonly onInvalid?: ((name: string) => void) | undefined
}

export interface RepositoriesOptions extends ListOptions {
  /**
   * Leading components of the wanted repositories (`team`), which narrow the request where the API can. The list may have
   * other repositories. Default: none.
   */
  readonly under?: string | undefined
  /** Default: Docker Hub's for `docker.io`; else the catalogue, and Harbor's where a Harbor refuses its catalogue. */
  readonly discovery?: Discovery | undefined
}

export interface DatedTagsOptions extends ListOptions {
  readonly discovery?: Discovery | undefined
}

/** A tag as a registry's own API lists it. */
export interface DatedTag {
  readonly tag: string
  readonly digest?: Digest | undefined
  /** Milliseconds since the epoch: when the tag was last pushed. */
  readonly pushed?: number | undefined
}

/**
 * The lists of registries. Each entry once; pages are requested while the caller iterates. Iterating throws
 * `MALFORMED` for a list that names a page of another host, repeats itself or cannot be continued: a part never passes for
 * the whole. `RESOURCE_EXHAUSTED`: more entries than any registry has.
 */
export interface RegistryLists {
  /**
   * The repositories of a host, without the host. Throws `INVALID_ARGUMENT` where the way of listing does not fit
   * host or `under`, and the registry's refusal, which names the other ways.
   */
  repositories(host: string, options?: RepositoriesOptions): AsyncIterable<string>
  /** The tags of a repository with their dates. Undefined: the registry has no API of its own for dates. */
  datedTags(locator: Locator, options?: DatedTagsOptions): AsyncIterable<DatedTag> | undefined
}
