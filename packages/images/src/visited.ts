import { DistError } from '@dist/errdefs'
import { type Descriptor, hasChildren } from '@dist/oci'

/** How deep indexes may nest. Images in use have two levels. */
const maxDepth = 8
/** How many descriptors one walk may visit. */
const maxVisited = 100_000
/** How many bytes of manifests one walk may visit. The memory of a walk is bounded by them. */
const maxManifestBytes = 64 * 1024 * 1024

/**
 * The descriptors that a walk has visited. Each digest is visited once, and hostile trees end with an error. A digest that
 * is named both as content and as a manifest is visited once as each: the layer must not hide the children of the
 * manifest.
 */
export class Visited {
  readonly #sizes = new Map<string, number>()
  readonly #visited = new Set<string>()
  #manifestBytes = 0

  /** Whether the descriptor is new. Throws `MALFORMED` for one digest with two sizes, and beyond the limits. */
  add(desc: Descriptor, depth: number): boolean {
    const known = this.#sizes.get(desc.digest)
    if (known !== undefined && known !== desc.size)
      throw new DistError(
        'MALFORMED',
        `${desc.digest} is named with two sizes, ${known} and ${desc.size} bytes`,
      )
    const key = `${desc.digest} ${hasChildren(desc.mediaType)}`
    if (this.#visited.has(key)) return false
    if (depth > maxDepth)
      throw new DistError('MALFORMED', `${desc.digest}: indexes nest deeper than ${maxDepth} levels`)
    if (this.#visited.size >= maxVisited)
      throw new DistError('MALFORMED', `the image names more than ${maxVisited} descriptors`)
    if (hasChildren(desc.mediaType)) this.#manifestBytes += desc.size
    if (this.#manifestBytes > maxManifestBytes)
      throw new DistError('MALFORMED', `the image has more than ${maxManifestBytes} bytes of manifests`)
    this.#sizes.set(desc.digest, desc.size)
    this.#visited.add(key)
    return true
  }
}
