import { oneChunk } from '@dist/content'
import type { Source } from '@dist/mirror'
import { algorithmOf, type Descriptor, type Digest, digestOf, maxManifestSize } from '@dist/oci'
import type { Fetched, Fetcher, FetchOptions } from '@dist/remotes'

/** Content that was read lately, by digest, at most so many bytes of it. */
class Recent {
  readonly #content = new Map<Digest, Uint8Array>()
  #bytes = 0

  constructor(private readonly limit: number) {}

  get(digest: Digest): Uint8Array | undefined {
    const content = this.#content.get(digest)
    if (content === undefined) return undefined
    // What is asked for goes last.
    this.#content.delete(digest)
    this.#content.set(digest, content)
    return content
  }

  set(digest: Digest, content: Uint8Array): void {
    if (this.#content.has(digest) || content.byteLength > this.limit) return
    this.#content.set(digest, content)
    this.#bytes += content.byteLength
    for (const [oldest, { byteLength }] of this.#content) {
      if (this.#bytes <= this.limit) return
      this.#content.delete(oldest)
      this.#bytes -= byteLength
    }
  }
}

/**
 * A source that remembers the manifests it was asked for, up to `limit` bytes of them, so that whoever plans an image
 * again need not fetch them again. Only what has its digest is remembered.
 */
export function rememberingSource(source: Source, limit: number): Source {
  const recent = new Recent(limit)
  const { referrers } = source
  return {
    resolve: async (reference, options) => {
      const resolved = await source.resolve(reference, options)
      const { desc, content } = resolved
      if (content !== undefined && isRight(desc, content)) recent.set(desc.digest, content)
      return resolved
    },
    fetcher: (locator) => rememberingFetcher(source.fetcher(locator), recent),
    ...(referrers === undefined
      ? {}
      : { referrers: (...args: Parameters<typeof referrers>) => referrers.call(source, ...args) }),
  }
}

function rememberingFetcher(fetcher: Fetcher, recent: Recent): Fetcher {
  return {
    fetch: async (desc: Descriptor, options?: FetchOptions): Promise<Fetched> => {
      const known = recent.get(desc.digest)
      // A chunk belongs to whoever receives it.
      if (known !== undefined) return { offset: 0, body: oneChunk(known.slice()) }
      const { offset, body } = await fetcher.fetch(desc, options)
      if (offset > 0 || desc.size > maxManifestSize) return { offset, body }
      return { offset, body: noted(body, desc, recent) }
    },
  }
}

/** The body as it comes, remembered once it has come to its end. */
async function* noted(
  body: AsyncIterable<Uint8Array>,
  desc: Descriptor,
  recent: Recent,
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
  if (isRight(desc, content)) recent.set(desc.digest, content)
}

function isRight({ digest, size }: Descriptor, content: Uint8Array): boolean {
  return content.byteLength === size && digestOf(content, algorithmOf(digest)) === digest
}
