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
import { maxDepth } from './visit.js'
import { walk } from './walk.js'

export interface SelectOptions {
  /** What the image is called in errors. Default: its digest. */
  name?: string
  signal?: AbortSignal
}

/**
 * The manifest of an index, nested ones included, that is for a platform: the first one, as container runtimes choose.
 * What is no index is the answer itself. `NOT_FOUND`, telling which platforms there are; else throws what reading the
 * indexes throws.
 */
export async function selectManifest(
  root: Descriptor,
  platform: Platform,
  provider: Provider,
  options: SelectOptions = {},
): Promise<Descriptor> {
  let desc = root
  // A platform may stand on a nested index.
  for (let depth = 0; isIndexType(desc.mediaType); depth++) {
    if (depth > maxDepth)
      throw new DistError('MALFORMED', `${desc.digest}: indexes nest deeper than ${maxDepth} levels`)
    desc = await firstOf(desc, platform, provider, options)
  }
  return desc
}

/** The first descriptor below an index that names the platform. */
async function firstOf(
  index: Descriptor,
  platform: Platform,
  provider: Provider,
  { name = index.digest, signal }: SelectOptions,
): Promise<Descriptor> {
  const offered = new Set<string>()
  let found: Descriptor | undefined
  const children = childrenHandler(provider)
  const look: Handler = async (desc, context) => {
    if (found !== undefined || !isIndexType(desc.mediaType)) return skipDesc
    const below = await children(desc, context)
    if (below === skipDesc) return skipDesc
    for (const child of below) {
      if (child.platform === undefined || isUnknownPlatform(child.platform)) continue
      if (platformMatches(platform, child.platform)) found ??= child
      offered.add(formatPlatform(child.platform))
    }
    return below
  }
  await walk(look, [index], signal === undefined ? {} : { signal })
  if (found !== undefined) return found
  const list = offered.size === 0 ? 'names no platform' : `offers ${[...offered].sort().join(', ')}`
  throw new DistError('NOT_FOUND', `${name} has nothing for ${formatPlatform(platform)}; it ${list}`)
}
