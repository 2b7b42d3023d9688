import { has, type Manager, type Selection } from '@dist/content'
import { DistError, isNotFound } from '@dist/errdefs'
import {
  type Descriptor,
  formatPlatform,
  isIndexType,
  isUnknownPlatform,
  type Platform,
  parsePlatform,
} from '@dist/oci'
import { type Handler, type HandlerContext, skipDesc } from './handler.js'

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

/**
 * The children of stored manifests that a recorded selection takes. As `filterPlatforms`, but for attestations that are
 * not stored as a whole: archives leave them behind, so a selection of platforms vouches for what runs there alone.
 */
export function selectedChildren(
  handler: Handler,
  selection: Selection,
  content: Pick<Manager, 'info'>,
): Handler {
  if (selection === 'all') return handler
  const filtered = filterPlatforms(handler, requestOf(selection))
  return async (desc, context) => {
    const children = await filtered(desc, context)
    if (children === skipDesc || !children.some(isAttestation)) return children
    const kept = await Promise.all(
      children.map(
        async (child) => !isAttestation(child) || (await isStored(child, handler, content, context)),
      ),
    )
    return children.filter((_, i) => kept[i])
  }
}

/** Whether a child of an index is what BuildKit says about another one. */
export function isAttestation({ platform, annotations }: Descriptor): boolean {
  return platform !== undefined && isUnknownPlatform(platform) && annotations?.[attestedDigest] !== undefined
}

/** Whether a manifest is there with all that it names. One that cannot be read is: whoever reads it shall say so. */
async function isStored(
  desc: Descriptor,
  handler: Handler,
  content: Pick<Manager, 'info'>,
  context: HandlerContext,
): Promise<boolean> {
  if (!(await has(content, desc))) return false
  try {
    const below = await handler(desc, context)
    const stored = below === skipDesc ? [] : await Promise.all(below.map((child) => has(content, child)))
    return stored.every(Boolean)
  } catch (error) {
    if (isNotFound(error)) return false
    if (error instanceof DistError) return true
    throw error
  }
}

function keepWanted(children: readonly Descriptor[], wanted: ReadonlySet<string>): Descriptor[] {
  const kept = new Set<string>()
  for (const { platform, digest } of children) {
    if (platform === undefined || (!isUnknownPlatform(platform) && wanted.has(formatPlatform(platform))))
      kept.add(digest)
  }
  return children.filter((child) => {
    const { digest, annotations } = child
    if (kept.has(digest)) return true
    return isAttestation(child) && kept.has(annotations?.[attestedDigest] ?? '')
  })
}
