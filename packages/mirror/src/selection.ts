import type { Selection } from '@dist/content'
import { DistError } from '@dist/errdefs'
import type { PlatformRequest } from '@dist/images'
import { type Descriptor, formatPlatform, isIndexType, isUnknownPlatform } from '@dist/oci'

/** The selection that is recorded with a published name. For a single manifest it is always `all`. */
export function selectionOf(request: PlatformRequest, root: Descriptor): Selection {
  return request === 'all' || !isIndexType(root.mediaType)
    ? 'all'
    : [...new Set(request.map(formatPlatform))].sort()
}

/** Collects the platforms of the indexes of an image, to refuse a request for another one. */
export class OfferedPlatforms {
  readonly #offered = new Set<string>()
  #unnamed = false

  add(children: readonly Descriptor[]): void {
    for (const { platform, mediaType } of children) {
      // A nested index has the platforms of its own children.
      if (platform === undefined) this.#unnamed ||= !isIndexType(mediaType)
      else if (!isUnknownPlatform(platform)) this.#offered.add(formatPlatform(platform))
    }
  }

  /**
   * Throws `NOT_FOUND` if an index was added and a requested platform was not. With `onLacking`, it is called for
   * platforms that are lacking beside others that are not.
   */
  check(request: PlatformRequest, name: string, onLacking?: (remark: string) => void): void {
    if (request === 'all' || this.#offered.size === 0 || this.#unnamed) return
    const lacking = request.map(formatPlatform).filter((platform) => !this.#offered.has(platform))
    if (lacking.length === 0) return
    const offered = [...this.#offered].sort().join(', ')
    const lack = `no manifest for ${lacking.join(', ')}; the index has ${offered}`
    if (onLacking === undefined || lacking.length === request.length)
      throw new DistError('NOT_FOUND', `${name}: ${lack}`)
    onLacking(lack)
  }
}
