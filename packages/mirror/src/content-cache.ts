import type { Digest } from '@dist/oci'

/** A cache of content by digest, of at most `limit` bytes. The least recently used content is dropped first. */
export class ContentCache {
  readonly #content = new Map<Digest, Uint8Array>()
  #bytes = 0

  constructor(private readonly limit: number) {}

  get(digest: Digest): Uint8Array | undefined {
    const content = this.#content.get(digest)
    if (content === undefined) return undefined
    // To the end: the first entries are dropped first.
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
