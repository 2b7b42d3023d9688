import { DistError } from '@dist/errdefs'
import type { Digest } from '@dist/oci'

/** Content of the store is not what its name says. */
export function damaged(digest: Digest, why: string): DistError {
  return new DistError(
    'FAILED_PRECONDITION',
    `${digest} is damaged in the store: ${why}; run dist verify --repair`,
  )
}
