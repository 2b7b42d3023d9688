import { createStore, MemoryDriver } from '@dist/content'
import { type PlatformRequest, selectManifest } from '@dist/images'
import type { Platform } from '@dist/oci'
import { formatReference, type Reference } from '@dist/reference'
import { documentsOf } from './documents.js'
import type { Source } from './source.js'

/** What is asked of a source for images that go to a registry. */
export interface RegistryRequest {
  readonly source: Source
  readonly platforms: PlatformRequest
  /** The reference from which the name at the destination is made. */
  nameOf(reference: Reference): Reference
}

/**
 * How images go to a registry. Most registries take an index only with all of its manifests. So one platform is sent as
 * its manifest alone: the source resolves to that manifest, and a name with a tag has no digest, which would be that of the
 * index. Several platforms go with their index, unchanged.
 */
export function requestForRegistry(source: Source, platforms: PlatformRequest): RegistryRequest {
  const [platform, ...others] = platforms === 'all' ? [] : platforms
  if (platform === undefined || others.length > 0)
    return { source, platforms, nameOf: (reference) => reference }
  return { source: narrowed(source, platform), platforms: 'all', nameOf: nameWithoutDigest }
}

function nameWithoutDigest(reference: Reference): Reference {
  if (reference.tag === undefined) return reference
  const { digest: _, ...tagged } = reference
  return tagged
}

/**
 * A source that resolves an index to its manifest for one platform. Resolving throws `NOT_FOUND` for an index without that
 * platform, and what fetching the index throws.
 */
function narrowed(source: Source, platform: Platform): Source {
  return {
    narrows: true,
    fetcher: (locator) => source.fetcher(locator),
    referrers: source.referrers?.bind(source),
    cosignTags: source.cosignTags?.bind(source),
    resolve: async (reference, options = {}) => {
      const { desc, content } = await source.resolve(reference, options)
      const scratch = createStore(new MemoryDriver())
      const documents = documentsOf({
        fetcher: source.fetcher(reference),
        target: { provider: scratch, ingester: scratch },
        known: new Map(content === undefined ? [] : [[desc.digest, content]]),
      })
      const { signal } = options
      const name = formatReference(reference)
      const found = await selectManifest(desc, platform, documents, { name, signal })
      // The content is that of the index, unless the root is a manifest.
      return { name: reference, desc: found, content: found === desc ? content : undefined }
    },
  }
}
