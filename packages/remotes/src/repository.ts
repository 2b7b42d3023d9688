import type { Descriptor, Digest } from '@dist/oci'
import type { Reference } from '@dist/reference'
import type { CosignTag } from './cosign.js'
import type { ListOptions } from './lists.js'
import type { Pusher } from './pusher.js'
import type { ReferrersOptions } from './referrers.js'
import type { Fetcher, ObjectFetcher, Resolved, ResolveOptions } from './remotes.js'

/** One repository of a registry. */
export interface Repository extends Fetcher, ObjectFetcher {
  /** As `Resolver.resolve`, for a reference into this repository. */
  resolve(ref: Reference, options?: ResolveOptions): Promise<Resolved>
  /** As `ReferrersSource.referrers`. */
  referrers(digest: Digest, options?: ReferrersOptions): Promise<readonly Descriptor[]>
  /** As `ReferrersSource.cosignTags`. */
  cosignTags(subjects: readonly Digest[], options?: ReferrersOptions): Promise<readonly CosignTag[]>
  /**
   * All tags, each once, in the order of the registry; pages are requested while the caller iterates. Iterating throws
   * `NOT_FOUND` if the repository does not exist, and as `RegistryLists`.
   */
  tags(options?: ListOptions): AsyncIterable<string>
  readonly pusher: Pusher
}
