import { type Provider, readContent } from '@dist/content'
import { type Digest, maxManifestSize } from '@dist/oci'

/** Bytes that an entry takes beside its content. */
const overhead = 400

/**
 * Small content by digest, verified when it was read: manifests, configs, tiny layers. Bounded by its bytes; what was not asked
 * for longest is dropped first.
 */
export class Documents {
  /** What was asked for last comes last. */
  readonly #kept = new Map<Digest, Uint8Array>()
  readonly #reading = new Map<Digest, Promise<Uint8Array>>()
  #bytes = 0

  constructor(
    private readonly provider: Provider,
    private readonly maxBytes: number,
  ) {}

  /** The content if it is in memory. */
  peek(digest: Digest): Uint8Array | undefined {
    const content = this.#kept.get(digest)
    if (content === undefined) return undefined
    this.#kept.delete(digest)
    this.#kept.set(digest, content)
    return content
  }

  /** The content; concurrent calls share one read. Throws as `readContent`, with the limit of manifests. */
  read(digest: Digest): Promise<Uint8Array> {
    const kept = this.peek(digest)
    if (kept !== undefined) return Promise.resolve(kept)
    let reading = this.#reading.get(digest)
    if (reading === undefined) {
      reading = this.#read(digest).finally(() => this.#reading.delete(digest))
      this.#reading.set(digest, reading)
    }
    return reading
  }

  /** Keeps content that was read and verified elsewhere. */
  keep(digest: Digest, content: Uint8Array): void {
    const size = content.byteLength + overhead
    if (this.#kept.has(digest) || size > this.maxBytes) return
    this.#kept.set(digest, content)
    this.#bytes += size
    for (const [oldest, { byteLength }] of this.#kept) {
      if (this.#bytes <= this.maxBytes) break
      this.#kept.delete(oldest)
      this.#bytes -= byteLength + overhead
    }
  }

  async #read(digest: Digest): Promise<Uint8Array> {
    const content = await readContent(this.provider, { digest }, maxManifestSize)
    this.keep(digest, content)
    return content
  }
}
