import type { Provider } from '@dist/content'
import { DistError } from '@dist/errdefs'
import {
  type Descriptor,
  formatPlatform,
  isIndexType,
  isUnknownPlatform,
  type Platform,
  platformMatches,
} from '@dist/oci'
import { childrenHandler } from './children.js'
import { type Handler, skipDesc } from './handler.js'
import { walk } from './walk.js'

/**
 * The manifest of an index, nested ones included, that is for a platform: the first one, as container runtimes choose.
 * What is no index is the answer itself. `NOT_FOUND`, telling which platforms there are; `name` is for that error.
 */
export async function selectManifest(
  root: Descriptor,
  platform: Platform,
  provider: Provider,
  { name = root.digest, signal }: { name?: string; signal?: AbortSignal } = {},
): Promise<Descriptor> {
  if (!isIndexType(root.mediaType)) return root
  const offered = new Set<string>()
  let found: Descriptor | undefined
  const children = childrenHandler(provider)
  const look: Handler = async (desc, context) => {
    if (found !== undefined || !isIndexType(desc.mediaType)) return skipDesc
    const below = await children(desc, context)
    if (below === skipDesc) return skipDesc
    for (const child of below) {
      if (child.platform === undefined || isUnknownPlatform(child.platform)) continue
      if (found === undefined && platformMatches(platform, child.platform)) found = child
      offered.add(formatPlatform(child.platform))
    }
    return below
  }
  await walk(look, [root], signal === undefined ? {} : { signal })
  // A platform may stand on a nested index.
  if (found !== undefined)
    return selectManifest(found, platform, provider, { name, ...(signal ? { signal } : {}) })
  const list = offered.size === 0 ? 'names no platform' : `offers ${[...offered].sort().join(', ')}`
  throw new DistError('NOT_FOUND', `${name} has nothing for ${formatPlatform(platform)}; it ${list}`)
}
