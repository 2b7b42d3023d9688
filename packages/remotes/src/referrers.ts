import type { Descriptor, Digest } from '@dist/oci'
import type { Locator } from '@dist/reference'
import type { CosignTag } from './cosign.js'
import type { RemoteOptions } from './remotes.js'

export interface ReferrersOptions extends RemoteOptions {
  /** Only referrers of these artifact types, and tags of cosign for content of these media types. Default: all. */
  artifactTypes?: readonly string[] | undefined
  /**
   * Called with the reason when the referrers are unknown; the result is then empty. `unlisted`: the registry's API
   * failed and no tag lists them. If other content of the repository has such a tag, this can be read as "none".
   */
  onUnknown?: ((error: Error, about: { unlisted: boolean }) => void) | undefined
}

/** The referrers that have one of these artifact types. Undefined types: all referrers. */
export function withArtifactTypes(
  referrers: readonly Descriptor[],
  types: readonly string[] | undefined,
): readonly Descriptor[] {
  if (types === undefined) return referrers
  return referrers.filter(({ artifactType }) => artifactType !== undefined && types.includes(artifactType))
}

/** Lists what refers to content: signatures, SBOMs, attestations. */
export interface ReferrersSource {
  /** The manifests whose subject has the digest, each once. Empty, and no error, if there are none or they are unknown. */
  referrers(locator: Locator, digest: Digest, options?: ReferrersOptions): Promise<readonly Descriptor[]>
  /**
   * The tags of cosign that exist for these digests. Empty, and no error, if there are none or they are unknown. One call for
   * all manifests of an image.
   */
  cosignTags(
    locator: Locator,
    subjects: readonly Digest[],
    options?: ReferrersOptions,
  ): Promise<readonly CosignTag[]>
}
