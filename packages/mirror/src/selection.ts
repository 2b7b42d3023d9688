import type { Selection } from '@dist/content'
import { DistError } from '@dist/errdefs'
import type { PlatformRequest } from '@dist/images'
import { type Descriptor, formatPlatform, isIndexType, isUnknownPlatform } from '@dist/oci'

/** A request as it is recorded with a published name: of a single manifest every selection is all. */
export function selectionOf(request: PlatformRequest, root: Descriptor): Selection {
  return request === 'all' || !isIndexType(root.mediaType)
    ? 'all'
    : [...new Set(request.map(formatPlatform))].sort()
}

/** Collects which platforms the indexes of an image offer, to tell a request that nothing answers. */
export class OfferedPlatforms {
  readonly #offered = new Set<string>()
  #unnamed = false

  add(children: readonly Descriptor[]): void {
    for (const { platform, mediaType } of children) {
      // What a nested index offers is told by its own children.
      if (platform === undefined) this.#unnamed ||= !isIndexType(mediaType)
      else if (!isUnknownPlatform(platform)) this.#offered.add(formatPlatform(platform))
    }
  }

  /** Throws `NOT_FOUND` when an index was met and lacks a platform that was asked for. */
  check(request: PlatformRequest, name: string): void {
    if (request === 'all' || this.#offered.size === 0 || this.#unnamed) return
    const lacking = request.map(formatPlatform).filter((platform) => !this.#offered.has(platform))
    if (lacking.length === 0) return
    const offered = [...this.#offered].sort().join(', ')
    throw new DistError('NOT_FOUND', `${name} has nothing for ${lacking.join(', ')}; it offers ${offered}`)
  }
}
