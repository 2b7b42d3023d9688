import { type Image, isUnreadable, type Manager, type Provider } from '@dist/content'
import { DistError } from '@dist/errdefs'
import { type Descriptor, type Digest, hasChildren } from '@dist/oci'
import { childrenHandler } from './children.js'
import type { Handler } from './handler.js'
import { filterPlatforms, requestOf, selectedChildren } from './platforms.js'
import { walk } from './walk.js'

export interface NeedsOptions {
  /**
   * What to do with a manifest that the store fails to read, for example because of a failing disk. `skip`: what it names
   * is unknown, as for a manifest that is missing or damaged. Default: `throw`.
   */
  unreadable?: 'throw' | 'skip' | undefined
  /** Leaves out attestations that this store does not have completely. Default: they are needed. */
  stored?: Pick<Manager, 'find'> | undefined
  /** Called with a manifest that is missing or damaged, or was skipped, and the error: what it names is unknown. */
  onUnknown?: ((desc: Descriptor, error: DistError) => void) | undefined
  signal?: AbortSignal | undefined
}

/**
 * Everything that the selection of an image takes, the root and its recorded referrers included, each digest once. What
 * missing or damaged manifests name is unknown and left out. Does not check whether the content is stored.
 */
export async function neededBy(
  image: Pick<Image, 'desc' | 'selection' | 'referrers'>,
  provider: Provider,
  options: NeedsOptions = {},
): Promise<Descriptor[]> {
  const { stored, signal, onUnknown } = options
  const isSkipped = (error: unknown) =>
    options.unreadable === 'skip' && error instanceof DistError && !signal?.aborted
  const readable = readableChildren(provider, isSkipped, onUnknown)
  const children =
    stored === undefined
      ? filterPlatforms(readable, requestOf(image.selection))
      : selectedChildren(readable, image.selection, stored)
  const needed = new Map<Digest, Descriptor>()
  const collect: Handler = async (desc, context) => {
    if (!needed.has(desc.digest)) needed.set(desc.digest, desc)
    return children(desc, context)
  }
  try {
    await walk(collect, [image.desc, ...(image.referrers?.manifests ?? [])], { signal })
  } catch (error) {
    if (!isSkipped(error)) throw error
  }
  return [...needed.values()]
}

/** The children of a manifest; none for other content, and for manifests that are missing, damaged or skipped. */
function readableChildren(
  provider: Provider,
  isSkipped: (error: unknown) => boolean,
  onUnknown: NeedsOptions['onUnknown'],
): Handler {
  const children = childrenHandler(provider)
  return async (desc, context) => {
    if (!hasChildren(desc.mediaType)) return []
    try {
      return await children(desc, context)
    } catch (error) {
      if (!isUnreadable(error) && !isSkipped(error)) throw error
      if (error instanceof DistError) onUnknown?.(desc, error)
      return []
    }
  }
}
