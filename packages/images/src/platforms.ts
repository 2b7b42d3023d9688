import type { Selection } from '@dist/content'
import {
  type Descriptor,
  formatPlatform,
  isIndexType,
  isUnknownPlatform,
  type Platform,
  parsePlatform,
} from '@dist/oci'
import { type Handler, skipDesc } from './handler.js'

/** Which children of an index are wanted: all, or those of the platforms listed. */
export type PlatformRequest = 'all' | readonly Platform[]

/** The request that a recorded selection answers. Throws `INVALID_ARGUMENT` for what is no platform. */
export function requestOf(selection: Selection): PlatformRequest {
  return selection === 'all' ? 'all' : selection.map(parsePlatform)
}

/** What BuildKit writes on an attestation: the digest of the manifest that it is about. */
export const attestedDigest = 'vnd.docker.reference.digest'

/**
 * Keeps, of an index's children, those of the platforms asked for: also children that name no platform, as nested
 * indexes, and the attestations of what is kept. Everything else passes as it is.
 */
export function filterPlatforms(handler: Handler, request: PlatformRequest): Handler {
  if (request === 'all') return handler
  const wanted = new Set(request.map(formatPlatform))
  return async (desc, context) => {
    const children = await handler(desc, context)
    return children === skipDesc || !isIndexType(desc.mediaType) ? children : keepWanted(children, wanted)
  }
}

function keepWanted(children: readonly Descriptor[], wanted: ReadonlySet<string>): Descriptor[] {
  const kept = new Set<string>()
  for (const { platform, digest } of children) {
    if (platform === undefined || (!isUnknownPlatform(platform) && wanted.has(formatPlatform(platform))))
      kept.add(digest)
  }
  return children.filter(({ digest, platform, annotations }) => {
    if (kept.has(digest)) return true
    const attested = annotations?.[attestedDigest]
    return (
      platform !== undefined && isUnknownPlatform(platform) && attested !== undefined && kept.has(attested)
    )
  })
}
