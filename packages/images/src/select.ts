import type { Provider } from '@dist/content'
import { DistError, isNotFound, sanitize } from '@dist/errdefs'
import {
  type Descriptor,
  formatPlatform,
  isIndexType,
  isManifestType,
  isUnknownPlatform,
  type Platform,
  platformMatches,
} from '@dist/oci'
import { childrenHandler } from './children.js'
import { configPlatform } from './config.js'
import { type Handler, type HandlerResult, skipDesc } from './handler.js'
import { maxDepth } from './visit.js'
import { walk } from './walk.js'

export interface SelectOptions {
  /** What the image is called in errors. Default: its digest. */
  name?: string | undefined
  signal?: AbortSignal | undefined
}

/** Platforms that an error names. */
const maxNamed = 20

/**
 * The manifest of an index, nested ones included, that is for a platform: the first one, as container runtimes choose.
 * Where the index leaves a manifest without a platform, its config tells. What is no index is the answer itself.
 * `NOT_FOUND`, telling which platforms there are; else throws what reading the indexes throws.
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

/** The first descriptor below an index that is for the platform. */
async function firstOf(
  index: Descriptor,
  platform: Platform,
  provider: Provider,
  { name = index.digest, signal }: SelectOptions,
): Promise<Descriptor> {
  const reading = { signal }
  const offered = new Set<string>()
  let found: Descriptor | undefined
  const children = childrenHandler(provider)
  const look: Handler = async (desc, context) => {
    if (found !== undefined || !isIndexType(desc.mediaType)) return skipDesc
    const below = await children(desc, context).catch((error): HandlerResult => {
      // A store need not have every index that another one names.
      if (desc !== index && isNotFound(error)) return skipDesc
      throw error
    })
    if (below === skipDesc) return skipDesc
    for (const child of below) {
      if (found !== undefined) break
      const its = child.platform ?? (await platformBelow(child, provider, reading))
      if (its === undefined || isUnknownPlatform(its)) continue
      if (platformMatches(platform, its)) found = child
      offered.add(formatPlatform(its))
    }
    return below
  }
  await walk(look, [index], reading)
  if (found !== undefined) return found
  throw new DistError(
    'NOT_FOUND',
    `${name} has nothing for ${formatPlatform(platform)}; it ${listOf(offered)}`,
  )
}

async function platformBelow(
  child: Descriptor,
  provider: Provider,
  reading: { signal?: AbortSignal | undefined },
): Promise<Platform | undefined> {
  return isManifestType(child.mediaType) ? configPlatform(child, provider, reading) : undefined
}

function listOf(offered: ReadonlySet<string>): string {
  if (offered.size === 0) return 'names no platform'
  const named = [...offered].sort().slice(0, maxNamed)
  const more = offered.size > named.length ? ` and ${offered.size - named.length} more` : ''
  return `offers ${sanitize(named.join(', '))}${more}`
}
