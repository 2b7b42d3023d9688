import type { Digest } from '@dist/oci'
import { formatReference, type Locator, parseReference, type Reference } from '@dist/reference'

/**
 * The destination of an image below a prefix of another registry: `quay.io/team/app:1` below `registry.test/mirror` is
 * `registry.test/mirror/team/app:1`. Throws `INVALID_ARGUMENT` if the result is no valid reference.
 */
export function destinationOf(reference: Reference, prefix: Locator): Reference {
  const repository =
    prefix.repository === '' ? reference.repository : `${prefix.repository}/${reference.repository}`
  return parseReference(formatReference({ ...reference, host: prefix.host, repository }))
}

/**
 * The name of an image below a prefix: its tag, or the digest of what was sent. That is not the digest of the reference
 * if one platform of an index was sent alone.
 */
export function destinationName(reference: Reference, prefix: Locator, sent?: Digest): string {
  const { digest, ...tagged } = destinationOf(reference, prefix)
  const shown = sent ?? digest
  return formatReference(
    tagged.tag !== undefined || shown === undefined ? tagged : { ...tagged, digest: shown },
  )
}
