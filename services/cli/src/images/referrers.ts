import type { ReferrersRequest } from '@dist/mirror'
import type { ReferrersOptions } from '../options.js'

/** The referrers that the options ask for. `usual`: whether they come without an option. */
export function requestedReferrers(
  { referrers, artifactType }: ReferrersOptions,
  usual = false,
): ReferrersRequest {
  if (referrers === false) return false
  return artifactType === undefined ? (referrers ?? usual) : { artifactTypes: artifactType }
}

/** As `requestedReferrers`; undefined without an option. */
export function flaggedReferrers(options: ReferrersOptions): ReferrersRequest | undefined {
  const isFlagged = options.referrers !== undefined || options.artifactType !== undefined
  return isFlagged ? requestedReferrers(options) : undefined
}
