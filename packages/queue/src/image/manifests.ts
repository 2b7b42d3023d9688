import { oneChunk } from '@dist/content'
import { ContentCache, type Source } from '@dist/mirror'
import { algorithmOf, type Descriptor, digestOf, maxManifestSize } from '@dist/oci'
import type { Fetched, Fetcher, FetchOptions } from '@dist/remotes'

/**
 * A source that caches manifests, up to `limit` bytes, so that an image that is planned again need not fetch them again.
 * Only content with the right digest is cached.
 */
export function cachingSource(source: Source, limit: number): Source {
  const cache = new ContentCache(limit)
  return {
    resolve: async (reference, options) => {
      const resolved = await source.resolve(reference, options)
      const { desc, content } = resolved
      if (content !== undefined && matches(desc, content)) cache.set(desc.digest, content)
      return resolved
    },
    fetcher: (locator) => cachingFetcher(source.fetcher(locator), cache),
    referrers: source.referrers?.bind(source),
    cosignTags: source.cosignTags?.bind(source),
  }
}

function cachingFetcher(fetcher: Fetcher, cache: ContentCache): Fetcher {
  return {
    fetch: async (desc: Descriptor, options?: FetchOptions): Promise<Fetched> => {
      const cached = cache.get(desc.digest)
      // A copy: the receiver may change a chunk.
      if (cached !== undefined) return { offset: 0, body: oneChunk(cached.slice()) }
      const { offset, body } = await fetcher.fetch(desc, options)
      if (offset > 0 || desc.size > maxManifestSize) return { offset, body }
      return { offset, body: cacheWhole(body, desc, cache) }
    },
  }
}

/** The body as it comes; cached when it is complete. */
async function* cacheWhole(
  body: AsyncIterable<Uint8Array>,
  desc: Descriptor,
  cache: ContentCache,
): AsyncIterable<Uint8Array> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.byteLength
    if (size <= desc.size) parts.push(chunk.slice())
    yield chunk
  }
  if (size !== desc.size) return
  const content = Buffer.concat(parts)
  if (matches(desc, content)) cache.set(desc.digest, content)
}

function matches({ digest, size }: Descriptor, content: Uint8Array): boolean {
  return content.byteLength === size && digestOf(content, algorithmOf(digest)) === digest
}
