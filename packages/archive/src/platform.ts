import type { ContentStore } from '@dist/content'
import { DistError } from '@dist/errdefs'
import { childrenHandler, type Handler, walk } from '@dist/images'
import {
  type Descriptor,
  formatPlatform,
  isIndexType,
  isUnknownPlatform,
  type Platform,
  platformMatches,
} from '@dist/oci'
import { blamed, isStored } from './collect.js'

/**
 * The manifest that an image has for a platform; the root itself where that is no index. Throws `NOT_FOUND` when the
 * image has none, or the store lacks it.
 */
export async function platformManifest(
  { name, desc }: { name: string; desc: Descriptor },
  platform: Platform,
  content: Pick<ContentStore, 'open' | 'info'>,
): Promise<Descriptor> {
  if (!isIndexType(desc.mediaType)) return desc
  const offered = await offeredManifests(desc, name, content)
  const found = offered.find((child) => child.platform && platformMatches(platform, child.platform))
  const wanted = formatPlatform(platform)
  if (found === undefined) {
    const others = [...new Set(offered.map((child) => child.platform && formatPlatform(child.platform)))]
    throw new DistError('NOT_FOUND', `${name} has nothing for ${wanted}; it offers ${others.join(', ')}`)
  }
  if (await isStored(found, content)) return found
  throw new DistError('NOT_FOUND', `${name}: what it has for ${wanted} (${found.digest}) is not there`)
}

/** What the indexes below a root, as far as they are stored, offer for a platform. */
async function offeredManifests(
  root: Descriptor,
  name: string,
  content: Pick<ContentStore, 'open' | 'info'>,
): Promise<Descriptor[]> {
  const children = childrenHandler(content)
  const offered: Descriptor[] = []
  const collect: Handler = async (desc, context) => {
    if (desc.platform !== undefined && !isUnknownPlatform(desc.platform) && !isIndexType(desc.mediaType))
      offered.push(desc)
    return isIndexType(desc.mediaType) && (await isStored(desc, content)) ? children(desc, context) : []
  }
  try {
    await walk(collect, [root])
  } catch (error) {
    throw blamed(error, name)
  }
  return offered
}
