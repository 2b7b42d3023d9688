import type { Handler } from '@dist/images'
import { type Descriptor, type Digest, hasChildren, isForeignLayerType } from '@dist/oci'

/** The descriptors that a walk meets, by what becomes of them. */
export class Collection {
  readonly manifests: Descriptor[] = []
  readonly blobs: Descriptor[] = []
  /** Foreign layers that stay where their publisher keeps them. */
  readonly skipped: Descriptor[] = []
  readonly #digests = new Set<Digest>()

  constructor(readonly options: { readonly foreignLayers: boolean }) {}

  /** Collects each descriptor, then calls the handler for manifests. */
  handler(children: Handler): Handler {
    return async (desc, context) => {
      this.#digests.add(desc.digest)
      if (hasChildren(desc.mediaType)) {
        this.manifests.push(desc)
        return children(desc, context)
      }
      const isForeign = isForeignLayerType(desc.mediaType) && !this.options.foreignLayers
      ;(isForeign ? this.skipped : this.blobs).push(desc)
      return []
    }
  }

  has({ digest }: Descriptor): boolean {
    return this.#digests.has(digest)
  }

  /** Adds what another walk has collected. */
  merge(other: Collection): void {
    for (const kind of ['manifests', 'blobs', 'skipped'] as const)
      this[kind].push(...other[kind].filter((desc) => !this.has(desc)))
    for (const digest of other.#digests) this.#digests.add(digest)
  }
}
