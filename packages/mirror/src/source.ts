import type { Locator } from '@dist/reference'
import type { Fetcher, ReferrersSource, Resolver } from '@dist/remotes'

/** The source of images: registries, or a store. */
export interface Source extends Pick<Resolver, 'resolve'> {
  fetcher(locator: Locator): Fetcher
  /** Undefined for a source that lists no referrers. */
  readonly referrers?: ReferrersSource['referrers'] | undefined
  /** Undefined for a source without such tags. */
  readonly cosignTags?: ReferrersSource['cosignTags'] | undefined
  /** Resolves to parts of images, so a reference with a digest has to be resolved, too. Default: false. */
  readonly narrows?: boolean | undefined
}
