import { type Draft, type Expected, giveBack, type Info, type Status, statusOf } from '@dist/content'
import { DistError, throwIfAborted } from '@dist/errdefs'
import { algorithmOf, type Digest, encodedOf } from '@dist/oci'
import type { Bucket } from '../bucket/bucket.js'
import { putNew } from '../bucket/put.js'
import type { PartMemory } from './memory.js'
import { Upload } from './upload.js'

export interface DraftSettings {
  /** Content up to this size is buffered in memory and put as one object. */
  readonly smallSize: number
  readonly partSize: number
  readonly partsInFlight: number
  readonly signParts: boolean
  readonly completeTimeout: number
  /** Called with content that has been committed. */
  readonly onStored: (info: Info) => void
  readonly memory: PartMemory
  readonly signal: AbortSignal | undefined
}

/**
 * One write. Small content is buffered in memory and put at commit. Larger content is uploaded in parts to its final key
 * while it arrives, which requires its expected digest.
 */
export class S3Draft implements Draft {
  readonly startedAt = new Date()
  /** Interrupted writes cannot be resumed: rebuilding the hash would need all bytes again. */
  readonly offset = 0
  #chunks: Uint8Array[] = []
  #size = 0
  #updatedAt = new Date()
  #upload: Upload | undefined
  #failure: unknown
  #closed = false

  constructor(
    private readonly bucket: Bucket,
    readonly ref: string,
    private readonly expected: Expected,
    private readonly settings: DraftSettings,
    private readonly onClose: () => void,
  ) {
    this.#requireDigest(expected.size ?? 0)
  }

  owns(upload: { key: string; id: string }): boolean {
    return this.#upload?.owns(upload) ?? false
  }

  get status(): Status {
    const { ref, expected, startedAt } = this
    return statusOf({
      ref,
      offset: this.#size,
      expected,
      startedAt,
      updatedAt: this.#updatedAt,
      live: true,
    })
  }

  async *replay(): AsyncIterable<Uint8Array> {}

  async append(chunk: Uint8Array): Promise<void> {
    this.#check()
    this.#size += chunk.byteLength
    this.#updatedAt = new Date()
    await this.#guard(async () => {
      if (this.#upload !== undefined) return this.#upload.append(chunk)
      this.#chunks.push(chunk)
      if (Math.max(this.#size, this.expected.size ?? 0) > this.settings.smallSize) await this.#startUpload()
    })
  }

  async truncate(): Promise<void> {
    this.#check()
    await this.#discard()
    this.#size = 0
  }

  async commit(digest: Digest, size: number): Promise<Info> {
    this.#check()
    await this.#guard(() => this.#upload?.complete(size) ?? this.#put(digest))
    this.#end()
    const info = { digest, size, committedAt: new Date() }
    this.settings.onStored(info)
    return info
  }

  /** Keeps nothing, since no write can be resumed. */
  async close(_keep: boolean): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#discard()
    this.#end()
  }

  /** Moves the buffered content to a multipart upload. */
  async #startUpload(): Promise<void> {
    const key = this.bucket.blob(this.#requireDigest(this.#size))
    const upload = new Upload(this.bucket, key, { ...this.settings, size: this.expected.size })
    this.#upload = upload
    const chunks = this.#chunks
    this.#chunks = []
    for (const chunk of chunks) await upload.append(chunk)
  }

  async #put(digest: Digest): Promise<void> {
    const { signal } = this.settings
    const content = Buffer.concat(this.#chunks)
    for (const chunk of this.#chunks) giveBack(chunk)
    this.#chunks = []
    const sha256 = algorithmOf(digest) === 'sha256' ? { sha256: encodedOf(digest) } : {}
    await putNew(this.bucket, this.bucket.blob(digest), content, { signal, ...sha256 })
  }

  /** The expected digest. `INVALID_ARGUMENT` where it is missing and `size` is not small. */
  #requireDigest(size: number): Digest {
    const { digest } = this.expected
    const { smallSize } = this.settings
    if (digest === undefined && size > smallSize)
      throw new DistError(
        'INVALID_ARGUMENT',
        `write ${this.ref}: content of more than ${smallSize} bytes needs its expected digest in an S3 store`,
      )
    return digest as Digest
  }

  async #discard(): Promise<void> {
    this.#chunks = []
    const upload = this.#upload
    this.#upload = undefined
    await upload?.abort()
  }

  /** Runs a step. A failure ends the draft and removes its bytes. */
  async #guard(step: () => Promise<void>): Promise<void> {
    try {
      await step()
    } catch (error) {
      this.#failure = error
      await this.close(false)
      throw error
    }
  }

  #end(): void {
    this.#closed = true
    this.#chunks = []
    this.onClose()
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#closed) throw new DistError('INTERNAL', `write ${this.ref} is closed`)
    throwIfAborted(this.settings.signal)
  }
}
