import {
  forEachConcurrently,
  type Image,
  isUnreadable,
  type Manager,
  type Names,
  type Provider,
} from '@dist/content'
import { DistError } from '@dist/errdefs'
import {
  childrenHandler,
  filterPlatforms,
  type Handler,
  requestOf,
  selectedChildren,
  walk,
} from '@dist/images'
import { type Descriptor, type Digest, hasChildren } from '@dist/oci'

export interface NeedsOptions {
  /**
   * What to do with a manifest that the store fails to read, for example because of a failing disk. `skip`: what it names
   * is unknown, as for a manifest that is missing or damaged. Default: `throw`.
   */
  unreadable?: 'throw' | 'skip' | undefined
  /** Leaves out attestations that this store does not have completely. Default: they are needed. */
  stored?: Pick<Manager, 'info'> | undefined
  signal?: AbortSignal | undefined
}

/** Images that are walked at the same time: one after the other is slow if the store is a server. */
const concurrentImages = 16

/**
 * Everything that the selection of an image takes, the root and its recorded referrers included, each digest once. What
 * missing or damaged manifests name is unknown and left out. Does not check whether the content is stored.
 */
export async function neededBy(
  image: Pick<Image, 'desc' | 'selection' | 'referrers'>,
  provider: Provider,
  options: NeedsOptions = {},
): Promise<Descriptor[]> {
  const { stored, signal } = options
  const isSkipped = (error: unknown) =>
    options.unreadable === 'skip' && error instanceof DistError && !signal?.aborted
  const readable = readableChildren(provider, isSkipped)
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
function readableChildren(provider: Provider, isSkipped: (error: unknown) => boolean): Handler {
  const children = childrenHandler(provider)
  return async (desc, context) => {
    if (!hasChildren(desc.mediaType)) return []
    try {
      return await children(desc, context)
    } catch (error) {
      if (isUnreadable(error) || isSkipped(error)) return []
      throw error
    }
  }
}

/** Content that images need. */
export interface Need {
  readonly desc: Descriptor
  /** The names of the images that need it, sorted. */
  readonly images: readonly string[]
}

/** Which images of a store need which of these digests. Digests that no image needs are left out. */
export async function needsOf(
  digests: ReadonlySet<string>,
  { content, names }: { content: Provider; names: Pick<Names, 'list'> },
  options: NeedsOptions = {},
): Promise<Map<Digest, Need>> {
  const needs = new Map<Digest, { desc: Descriptor; images: string[] }>()
  await forEachConcurrently(names.list(), concurrentImages, async (image) => {
    for (const desc of await neededBy(image, content, options)) {
      if (!digests.has(desc.digest)) continue
      const need = needs.get(desc.digest) ?? { desc, images: [] }
      need.images.push(image.name)
      needs.set(desc.digest, need)
    }
  })
  for (const { images } of needs.values()) images.sort()
  return needs
}
