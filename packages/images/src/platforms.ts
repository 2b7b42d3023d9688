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

/** The requested children of an index: all, or those for these platforms. */
export type PlatformRequest = 'all' | readonly Platform[]

/** The request for a recorded selection. Throws `INVALID_ARGUMENT` for an invalid platform. */
export function requestOf(selection: Selection): PlatformRequest {
  return selection === 'all' ? 'all' : selection.map(parsePlatform)
}

/** Annotation of BuildKit's attestations: the digest of the manifest that it describes. */
const attestedDigest = 'vnd.docker.reference.digest'

/**
 * Filters the children of indexes by platform. Also keeps children without a platform, for example nested indexes, and the
 * attestations of the manifests that it keeps. Does not filter the children of other descriptors.
 */
export function filterPlatforms(handler: Handler, request: PlatformRequest): Handler {
  if (request === 'all') return handler
  return async (desc, context) => {
    const children = await handler(desc, context)
    return children === skipDesc || !isIndexType(desc.mediaType)
      ? children
      : wantedChildren(children, request)
  }
}

/**
 * The children of stored manifests that a recorded selection takes. As `filterPlatforms`, but without attestations that are
 * not completely stored: archives may lack them, so a selection of platforms does not promise them.
 */
export function selectedChildren(
  handler: Handler,
  selection: Selection,
  content: Pick<Manager, 'find'>,
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

/** Whether a child of an index is an attestation of BuildKit. */
export function isAttestation({ platform, annotations }: Descriptor): boolean {
  return platform !== undefined && isUnknownPlatform(platform) && annotations?.[attestedDigest] !== undefined
}

/**
 * Whether a manifest is stored with everything that it names. True for one that cannot be read, so that reading it reports
 * the error.
 */
async function isStored(
  desc: Descriptor,
  handler: Handler,
  content: Pick<Manager, 'find'>,
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

/** The children of an index that `filterPlatforms` keeps. */
export function wantedChildren<T extends Descriptor>(
  children: readonly T[],
  request: PlatformRequest,
): readonly T[] {
  if (request === 'all') return children
  const wanted = new Set(request.map(formatPlatform))
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
