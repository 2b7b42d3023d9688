import { createStore, MemoryDriver } from '@dist/content'
import { selectManifest } from '@dist/images'
import type { Platform } from '@dist/oci'
import { formatReference } from '@dist/reference'
import { documentsOf } from './documents.js'
import type { Source } from './source.js'

/**
 * A source whose indexes are narrowed to the manifest of one platform, which becomes the root: most registries take
 * no index that lacks some of its parts. Resolving throws `NOT_FOUND` for an index without that platform, and what
 * fetching the index throws.
 */
export function narrowed(source: Source, platform: Platform): Source {
  const { referrers } = source
  return {
    narrows: true,
    fetcher: (locator) => source.fetcher(locator),
    ...(referrers === undefined ? {} : { referrers: referrers.bind(source) }),
    resolve: async (reference, options = {}) => {
      const { desc, content } = await source.resolve(reference, options)
      const scratch = createStore(new MemoryDriver())
      const documents = documentsOf({
        fetcher: source.fetcher(reference),
        provider: scratch,
        ingester: scratch,
        ...(content === undefined ? {} : { known: new Map([[desc.digest, content]]) }),
      })
      const { signal } = options
      const name = formatReference(reference)
      const found = await selectManifest(desc, platform, documents, { name, ...(signal ? { signal } : {}) })
      // The index's own content is of no more use; a manifest's is what planning wants.
      return { name: reference, desc: found, ...(found === desc && content !== undefined ? { content } : {}) }
    },
  }
}
