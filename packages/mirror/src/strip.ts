import { createStore, MemoryDriver, oneChunk, readContent } from '@dist/content'
import { type PlatformRequest, wantedChildren } from '@dist/images'
import {
  algorithmOf,
  type Descriptor,
  type Digest,
  digestOf,
  isIndexType,
  isRecord,
  maxManifestSize,
  parseDocument,
  parseManifest,
} from '@dist/oci'
import { formatReference, type Reference } from '@dist/reference'
import type { Fetcher, Resolved, ResolveOptions } from '@dist/remotes'
import { documentsOf } from './documents.js'
import { OfferedPlatforms } from './selection.js'
import type { Source } from './source.js'

/**
 * A source that resolves an index to one of the requested platforms only. The new index has another digest, so referrers of
 * the original do not refer to it. An index that has no other platform stays as it is, and so does an index within an
 * index. Resolving throws `NOT_FOUND` for an index with none of the platforms, and what fetching the index throws. For one
 * image: it keeps what it has rewritten.
 */
export function strippedSource(source: Source, platforms: PlatformRequest): Source {
  const rewritten = new Map<Digest, Uint8Array>()
  return {
    narrows: true,
    referrers: source.referrers?.bind(source),
    cosignTags: source.cosignTags?.bind(source),
    fetcher: (locator) => withContent(source.fetcher(locator), rewritten),
    resolve: async (reference, options = {}) => {
      // Also an unchanged image is compared by what becomes of it.
      const resolved = await source.resolve(reference, { ...options, intent: 'manifest' })
      if (!isIndexType(resolved.desc.mediaType)) return resolved
      const original = await contentOf(reference, resolved, source, options)
      const content = strippedIndex(original, resolved.desc, platforms, formatReference(reference))
      if (content === original) return { ...resolved, content }
      const { mediaType } = resolved.desc
      const digest = digestOf(content, algorithmOf(resolved.desc.digest))
      rewritten.set(digest, content)
      return { name: reference, desc: { mediaType, digest, size: content.byteLength }, content }
    },
  }
}

async function contentOf(
  reference: Reference,
  { desc, content }: Resolved,
  source: Source,
  { signal }: ResolveOptions,
): Promise<Uint8Array> {
  const scratch = createStore(new MemoryDriver())
  const documents = documentsOf({
    fetcher: source.fetcher(reference),
    target: { provider: scratch, ingester: scratch },
    known: new Map(content === undefined ? [] : [[desc.digest, content]]),
  })
  return await readContent(documents, desc, maxManifestSize, { signal })
}

/** The index with the wanted entries only, the other members unchanged. The same content if it has no other entries. */
function strippedIndex(
  content: Uint8Array,
  { mediaType }: Descriptor,
  platforms: PlatformRequest,
  name: string,
): Uint8Array {
  const index = parseManifest(content, mediaType, name)
  if (index.kind !== 'index') return content
  const offered = new OfferedPlatforms()
  offered.add(index.manifests)
  offered.check(platforms, name, () => {})
  const wanted = new Set(wantedChildren(index.manifests, platforms))
  if (wanted.size === index.manifests.length) return content
  const document = parseDocument(content, name)
  const entries = isRecord(document) && Array.isArray(document.manifests) ? document.manifests : []
  const manifests = entries.filter((_, i) => {
    const child = index.manifests[i]
    return child !== undefined && wanted.has(child)
  })
  return new TextEncoder().encode(JSON.stringify({ ...(document as object), manifests }))
}

function withContent(fetcher: Fetcher, known: ReadonlyMap<Digest, Uint8Array>): Fetcher {
  return {
    fetch: async (desc, options) => {
      const content = known.get(desc.digest)
      if (content === undefined) return fetcher.fetch(desc, options)
      return { offset: 0, body: oneChunk(content.slice()) }
    },
  }
}
