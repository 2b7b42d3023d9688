import { DistError, throwIfAborted } from '@dist/errdefs'
import { type Descriptor, hasChildren } from '@dist/oci'
import { type Handler, type HandlerContext, skipDesc } from './handler.js'

/** How deep indexes may nest: the deepest in use have two levels. */
export const maxDepth = 8
/** How many descriptors one walk may meet. */
export const maxVisited = 100_000
/** How many bytes of manifests one walk may meet: what it keeps in memory comes out of them. */
export const maxManifestBytes = 64 * 1024 * 1024

/**
 * What a walk has met: each digest is handled once, and hostile trees end. Once as content and once as a manifest,
 * where it is named as both: what was met as a layer first must not hide the children it has as a manifest.
 */
export class Visited {
  readonly #sizes = new Map<string, number>()
  readonly #met = new Set<string>()
  #manifestBytes = 0

  /** Whether the descriptor is new. Throws `MALFORMED` for one digest with two sizes, and past the caps. */
  add(desc: Descriptor, depth: number): boolean {
    const known = this.#sizes.get(desc.digest)
    if (known !== undefined && known !== desc.size)
      throw new DistError('MALFORMED', `${desc.digest} is named with two sizes, ${known} and ${desc.size}`)
    const met = `${desc.digest} ${hasChildren(desc.mediaType)}`
    if (this.#met.has(met)) return false
    if (depth > maxDepth)
      throw new DistError('MALFORMED', `${desc.digest}: indexes nest deeper than ${maxDepth} levels`)
    if (this.#met.size >= maxVisited)
      throw new DistError('MALFORMED', `the image names more than ${maxVisited} descriptors`)
    if (hasChildren(desc.mediaType)) this.#manifestBytes += desc.size
    if (this.#manifestBytes > maxManifestBytes)
      throw new DistError('MALFORMED', `the image has more than ${maxManifestBytes} bytes of manifests`)
    this.#sizes.set(desc.digest, desc.size)
    this.#met.add(met)
    return true
  }
}

/** The children that a handler gives for a descriptor. */
export async function childrenBy(
  handler: Handler,
  desc: Descriptor,
  context: HandlerContext,
): Promise<readonly Descriptor[]> {
  throwIfAborted(context.signal)
  const result = await handler(desc, context)
  return result === skipDesc ? [] : result
}
