import {
  type ContentStore,
  guarded,
  type Image,
  lookUp,
  type Names,
  oneChunk,
  type Provider,
  putMerged,
} from '@dist/content'
import { bareDescriptor } from '@dist/oci'
import { publishedNames } from '@dist/reference'
import type { CosignTag } from '@dist/remotes'
import { nameBeside } from './attached.js'
import { ContentCache } from './content-cache.js'
import { missingFrom, putHeld } from './publish-stored.js'
import type { Target, TargetOf } from './target.js'

export interface StoreTargetOptions {
  /**
   * Bytes of manifests to keep in memory, for images that are planned again. They are used while the store remembers that
   * it has them. Default: 0.
   */
  manifests?: number | undefined
}

/** A store as target. Images keep the names of their references. */
export function storeTarget(content: ContentStore, names: Names, options: StoreTargetOptions = {}): TargetOf {
  // A store that remembers no answers is not slow to read.
  const limit = content.recall === undefined ? 0 : (options.manifests ?? 0)
  const manifests = new ContentCache(limit)
  const shared: Omit<Target, 'names'> = {
    provider: withCache(content, manifests),
    lacks: async ({ digest }) => {
      const recalled = await content.recall?.(digest)
      return recalled !== undefined && recalled.size === undefined
    },
    ...(limit === 0 ? {} : { remember: ({ digest }, bytes) => manifests.set(digest, bytes) }),
    ingester: content,
    to: undefined,
    stagesManifests: false,
    // Content of a published image may have been deleted or damaged.
    trustsPublishedName: false,
    missing: (descs, asked) => missingFrom(content, descs, asked),
    // Planning has written those that it fetched, and read the others from here.
    missingManifests: async (_, fetched) => fetched,
    recordsReferrers: true,
    // The record of the name lists them.
    listsReferrers: async () => true,
    published: (name) => lookUp(name, names),
    publish: async (image, { tags }, { isCollecting = false } = {}) => {
      await Promise.all(tags.map((tag) => publishTag(tag, image, names)))
      return isCollecting ? putHeld(image, content, names) : putMerged(image, names)
    },
    guard: (objects, step, options) =>
      guarded(names, async () => objects.map(({ digest }) => digest), step, options),
    // A store that remembers its answers does not see what other processes store. There is nothing to forget.
    onBlobStored: (desc, at) => content.noteStored?.(desc, at ?? performance.now()),
    forget: () => {},
  }
  return (reference) => ({ ...shared, names: publishedNames(reference) })
}

/** Publishes a tag of cosign beside an image. */
async function publishTag({ tag, desc }: CosignTag, image: Image, names: Names): Promise<void> {
  const name = nameBeside(image.name, tag)
  const before = await lookUp(name, names)
  if (await before?.holds(desc, 'all')) return
  await names.put({ name, desc: bareDescriptor(desc), selection: 'all' })
}

/** Reads cached content if a remembered answer shows that the store has it. */
function withCache(content: ContentStore, cache: ContentCache): Provider {
  return {
    open: async (desc, options) => {
      const cached = cache.get(desc.digest)
      const recalled = cached && (await content.recall?.(desc.digest))
      if (cached === undefined || recalled?.size !== cached.byteLength) return content.open(desc, options)
      return oneChunk(cached.slice(options?.offset ?? 0))
    },
  }
}
