import type { Locator } from '@dist/reference'
import type { Fetcher, ReferrersSource, Resolver } from '@dist/remotes'

/** Where images come from: registries, or a store. */
export interface Source extends Pick<Resolver, 'resolve'>, Partial<ReferrersSource> {
  fetcher(locator: Locator): Fetcher
  /** Resolves to parts of what references mean: also one with a digest has to be resolved. Default: false. */
  readonly narrows?: boolean | undefined
}
