import type { Provider } from '@dist/content'
import { selectManifest } from '@dist/images'
import type { Platform } from '@dist/oci'
import { formatReference } from '@dist/reference'
import type { Source } from './plan.js'

/**
 * A source whose indexes are narrowed to the manifest of one platform, which becomes the root: most registries take
 * no index that lacks some of its parts. Resolving throws `NOT_FOUND` for an index without that platform.
 */
export function narrowed(source: Source, platform: Platform): Source {
  return {
    ...source,
    fetcher: (locator) => source.fetcher(locator),
    resolve: async (reference, options = {}) => {
      const { desc, content } = await source.resolve(reference, options)
      const fetcher = source.fetcher(reference)
      const provider: Provider = {
        open: async (wanted, o = {}) => {
          if (wanted.digest === desc.digest && content !== undefined) return once(content)
          return (await fetcher.fetch({ ...desc, ...wanted }, o)).body
        },
      }
      const { signal } = options
      const name = formatReference(reference)
      const found = await selectManifest(desc, platform, provider, { name, ...(signal ? { signal } : {}) })
      // The index's own content is of no more use; a manifest's is what planning wants.
      return { name: reference, desc: found, ...(found === desc && content !== undefined ? { content } : {}) }
    },
  }
}

async function* once(content: Uint8Array): AsyncIterable<Uint8Array> {
  yield content
}
