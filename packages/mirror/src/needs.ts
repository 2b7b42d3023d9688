import type { Image, Manager, Names, Provider } from '@dist/content'
import { DistError, isNotFound } from '@dist/errdefs'
import {
  childrenHandler,
  filterPlatforms,
  type Handler,
  requestOf,
  selectedChildren,
  skipDesc,
} from '@dist/images'
import { type Descriptor, type Digest, hasChildren } from '@dist/oci'
import { forEachOf } from './each.js'
import { isDamage } from './inspect.js'

export interface NeedsOptions {
  /**
   * What becomes of a manifest that the store fails to read, as on a failing disk. `skip`: what it names is not known,
   * as with one that is missing or damaged. Default: `throw`.
   */
  unreadable?: 'throw' | 'skip' | undefined
  /** Leaves out the attestations of platforms that are not stored here as a whole. Default: they are needed. */
  stored?: Pick<Manager, 'info'> | undefined
  signal?: AbortSignal | undefined
}

/** Images that are looked into at the same time: one after the other would be slow where the store is a server. */
const imagesAtOnce = 16

/**
 * All that an image's selection takes, its root included, each digest once: as far as its manifests are there and can
 * be read. Whether the rest is stored is not looked at.
 */
export async function neededBy(
  image: Pick<Image, 'desc' | 'selection'>,
  provider: Provider,
  options: NeedsOptions = {},
): Promise<Descriptor[]> {
  const { stored } = options
  const readable = readableChildren(provider, options)
  const children =
    stored === undefined
      ? filterPlatforms(readable, requestOf(image.selection))
      : selectedChildren(readable, image.selection, stored)
  const context = { signal: options.signal }
  const needed = new Map<Digest, Descriptor>()
  // Once as content and once as a manifest, where it is named as both.
  const met = new Set<string>()
  let level: readonly Descriptor[] = [image.desc]
  while (level.length > 0) {
    const below: Descriptor[] = []
    for (const desc of level) {
      const key = `${desc.digest} ${hasChildren(desc.mediaType)}`
      if (met.has(key)) continue
      met.add(key)
      if (!needed.has(desc.digest)) needed.set(desc.digest, desc)
      const found = await children(desc, context)
      if (found !== skipDesc) for (const child of found) below.push(child)
    }
    level = below
  }
  return [...needed.values()]
}

/** The children of manifests; none of what is no manifest, is not there or cannot be read. */
function readableChildren(provider: Provider, { unreadable, signal }: NeedsOptions): Handler {
  const children = childrenHandler(provider)
  const isSkipped = (error: unknown) =>
    unreadable === 'skip' && error instanceof DistError && !signal?.aborted
  return async (desc, context) => {
    if (!hasChildren(desc.mediaType)) return []
    try {
      return await children(desc, context)
    } catch (error) {
      if (isNotFound(error) || isDamage(error) || isSkipped(error)) return []
      throw error
    }
  }
}

/** Content that images need. */
export interface Need {
  readonly desc: Descriptor
  /** The names of all images of the store that need it, sorted. */
  readonly images: readonly string[]
}

/** Which of these digests the images of a store need. A digest that no image needs is left out. */
export async function needsOf(
  digests: ReadonlySet<string>,
  { content, names }: { content: Provider; names: Pick<Names, 'list'> },
  options: NeedsOptions = {},
): Promise<Map<Digest, Need>> {
  const needs = new Map<Digest, { desc: Descriptor; images: string[] }>()
  await forEachOf(names.list(), imagesAtOnce, async (image) => {
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
