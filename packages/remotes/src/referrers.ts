import type { Descriptor, Digest } from '@dist/oci'
import type { Locator } from '@dist/reference'
import type { RemoteOptions } from './remotes.js'

/** Knows what refers to content: signatures, SBOMs, attestations. */
export interface ReferrersSource {
  /** The manifests whose subject has that digest, each once; none is no error. */
  referrers(locator: Locator, digest: Digest, options?: RemoteOptions): Promise<readonly Descriptor[]>
}
