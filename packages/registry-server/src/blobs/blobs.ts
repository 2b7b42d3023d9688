import type { Manager, Provider } from '@dist/content'
import type { DistError } from '@dist/errdefs'
import type { Digest } from '@dist/oci'
import { ApiError } from '../api-error.js'
import type { ByteRange } from '../conditional.js'
import type { Exchange } from '../exchange.js'
import type { Documents } from '../published/documents.js'
import { damaged } from './damaged.js'
import { sendFile } from './send-file.js'
import { sendStream } from './send-stream.js'
import type { VerifiedFiles } from './verified-files.js'

/** Blobs that clients fetch from the bucket. */
export interface Redirects {
  /** A URL that allows a GET of the blob for some minutes. */
  readonly presign: (digest: Digest) => Promise<string>
  /** Smaller blobs are answered by the server. Bytes. */
  readonly minSize: number
  /** Whether requests for ranges are redirected, too. */
  readonly ranges: boolean
}

export interface BlobsParts {
  readonly content: Provider & Pick<Manager, 'info'>
  readonly documents: Documents
  /** Set where the content is in files. */
  readonly files?: VerifiedFiles | undefined
  readonly redirects?: Redirects | undefined
  /** The most bodies that are sent at the same time. */
  readonly maxStreams: number
}

/** A blob of which the size is known from the manifest that names it. */
export interface Blob {
  readonly digest: Digest
  readonly size: number
}

/** Blobs up to this size are kept in memory. */
const smallSize = 64 * 1024
/** The buffers of all bodies together, in bytes, and the limits of one. */
const bufferMemory = 32 * 1024 * 1024
const maxBuffer = 256 * 1024
const minBuffer = 32 * 1024
/** For so long it is not asked again whether a store has a blob. */
const presentMs = 600_000
/** The most blobs of which that is remembered. */
const maxPresent = 100_000

/** Sends blobs, from memory, from files, through from the store, or by a redirect to the bucket. */
export class Blobs {
  #streams = 0
  /** When a blob was seen in the store, with its size, the oldest first. */
  readonly #present = new Map<Digest, number>()

  constructor(private readonly parts: BlobsParts) {}

  /** Bodies that are being sent. */
  get streams(): number {
    return this.#streams
  }

  /** Whether a request for the whole blob, or a range of it, is answered by a redirect. */
  isRedirected({ size }: Blob, isWhole: boolean): boolean {
    const { redirects } = this.parts
    return redirects !== undefined && size >= redirects.minSize && (isWhole || redirects.ranges)
  }

  /** Checks that the store has the blob with its size. Throws `NOT_FOUND` or `FAILED_PRECONDITION`. */
  async check(blob: Blob): Promise<void> {
    const { documents, files, content } = this.parts
    if (documents.peek(blob.digest) !== undefined) return
    if (files !== undefined) {
      await using _ = await files.open(blob.digest, blob.size)
      return
    }
    const now = performance.now()
    const seen = this.#present.get(blob.digest)
    if (seen !== undefined && now - seen < presentMs) return
    const { size } = await content.info(blob.digest)
    if (size !== blob.size) throw wrongSize(blob, size)
    this.#present.delete(blob.digest)
    this.#present.set(blob.digest, now)
    const [oldest] = this.#present.keys()
    if (this.#present.size > maxPresent && oldest !== undefined) this.#present.delete(oldest)
  }

  /** The URL at which the client gets a blob that is redirected. Throws as `check`. */
  async locate(blob: Blob): Promise<string> {
    await this.check(blob)
    return (await this.parts.redirects?.presign(blob.digest)) ?? ''
  }

  /** Answers with a range of the blob. Throws the error of the store; part of the body may have been sent then. */
  async send(
    exchange: Exchange,
    blob: Blob,
    range: ByteRange,
    status: number,
    headers: Readonly<Record<string, string | number>>,
  ): Promise<void> {
    const { documents } = this.parts
    if (blob.size > smallSize)
      return this.#sendLarge(exchange, blob, range, () => exchange.begin(status, headers))
    const content = documents.peek(blob.digest) ?? (await documents.read(blob.digest))
    if (content.byteLength !== blob.size) throw wrongSize(blob, content.byteLength)
    exchange.send(status, headers, content.subarray(range.first, range.last + 1))
  }

  async #sendLarge(exchange: Exchange, blob: Blob, range: ByteRange, begin: () => void): Promise<void> {
    if (this.#streams >= this.parts.maxStreams)
      throw new ApiError('TOOMANYREQUESTS', 'too many blobs are being sent: try again', {
        headers: { 'retry-after': '1' },
      })
    this.#streams++
    try {
      const { files } = this.parts
      if (files === undefined) await this.#sendStored(exchange, blob, range, begin)
      else await this.#sendFile(files, exchange, blob, range, begin)
      exchange.response.end()
    } finally {
      this.#streams--
    }
  }

  async #sendFile(
    files: VerifiedFiles,
    exchange: Exchange,
    blob: Blob,
    range: ByteRange,
    begin: () => void,
  ): Promise<void> {
    await using file = await files.open(blob.digest, blob.size)
    const isWhole = range.last + 1 - range.first === blob.size
    if (!file.isVerified && !isWhole) await files.verify(file)
    begin()
    const share = Math.floor(bufferMemory / this.#streams / 2)
    const chunkSize = Math.min(maxBuffer, Math.max(minBuffer, share))
    await sendFile(exchange, file, range, { chunkSize, verify: !file.isVerified && isWhole })
  }

  async #sendStored(exchange: Exchange, blob: Blob, range: ByteRange, begin: () => void): Promise<void> {
    await this.check(blob)
    const { first, last } = range
    const length = last + 1 - first === blob.size ? undefined : last + 1 - first
    const { signal } = exchange
    const body = await this.parts.content.open(blob, { offset: first, length, signal })
    begin()
    await sendStream(exchange, body, blob, range)
  }
}

function wrongSize({ digest, size }: Blob, actual: number): DistError {
  return damaged(digest, `it has ${actual} bytes, expected ${size}`)
}
