import type { Descriptor, Digest } from '@dist/oci'
import type { Locator } from '@dist/reference'
import type { RemoteOptions } from './remotes.js'

export interface ReferrersOptions extends RemoteOptions {
  /**
   * Told why it is not known what refers to the content: then nothing is taken to do so. `unlisted`: the registry does
   * not list it, and there is no tag for it. Where other content of the repository has one, that is as good as none.
   */
  onUnknown?: ((error: Error, about: { unlisted: boolean }) => void) | undefined
}

/** Knows what refers to content: signatures, SBOMs, attestations. */
export interface ReferrersSource {
  /** The manifests whose subject has that digest, each once; none is no error, nor is a registry that does not tell. */
  referrers(locator: Locator, digest: Digest, options?: ReferrersOptions): Promise<readonly Descriptor[]>
}
