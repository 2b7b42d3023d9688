import { DistError } from '@dist/errdefs'
import type { Digest } from '@dist/oci'
import { needsOf } from './needs.js'
import { type BadContentState, verifyBlob } from './verify.js'
import type { BadContent, VerifiedStore } from './verify-content.js'

/**
 * Reads suspected content again, and names all images of the store that need what is bad. Throws `UNAVAILABLE` for content that the
 * store may return later.
 */
export async function findBad(
  suspects: Iterable<Digest>,
  store: VerifiedStore,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<BadContent[]> {
  const bad = new Map<Digest, BadContentState>()
  for (const digest of suspects) {
    const found = await verifyBlob({ digest }, store.content, { signal })
    if (found.state === 'unreadable' && found.retryable) throw new DistError('UNAVAILABLE', found.message)
    if (found.state !== 'right') bad.set(digest, found)
  }
  if (bad.size === 0) return []
  const needs = await needsOf(new Set(bad.keys()), store, { unreadable: 'skip', signal })
  return [...bad].map(([digest, found]) => {
    const need = needs.get(digest)
    return { digest, found, size: need?.desc.size, images: need?.images ?? [] }
  })
}
