import { type Draft, type Expected, type Info, type Status, statusOf } from '@dist/content'
import { DistError, throwIfAborted } from '@dist/errdefs'
import { algorithmOf, type Digest, encodedOf } from '@dist/oci'
import type { Bucket } from '../bucket/bucket.js'
import { putNew } from '../bucket/put.js'
import type { PartMemory } from './memory.js'
import { Upload } from './upload.js'

export interface DraftSettings {
  /** Bytes up to which content is gathered in memory and put whole. */
  readonly smallSize: number
  readonly partSize: number
  readonly partsInFlight: number
  readonly signParts: boolean
  readonly completeTimeout: number
  readonly memory: PartMemory
  readonly signal: AbortSignal | undefined
}

/**
 * One write. Small content waits in memory and becomes one object at commit; larger content goes to its final key in
 * parts as it comes, for which its digest has to be known.
 */
export class S3Draft implements Draft {
  readonly startedAt = new Date()
  /** What was cut off cannot be gone on with: the hash would need the bytes back. */
  readonly offset = 0
  #gathered: Uint8Array[] = []
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
    this.#checkDigest(expected.size ?? 0)
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
      this.#gathered.push(chunk)
      if (Math.max(this.#size, this.expected.size ?? 0) > this.settings.smallSize) await this.#begin()
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
    return { digest, size, committedAt: new Date() }
  }

  /** Nothing can be resumed, so nothing is kept. */
  async close(_keep: boolean): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#discard()
    this.#end()
  }

  /** From gathering to sending parts. */
  async #begin(): Promise<void> {
    const key = this.bucket.blob(this.#checkDigest(this.#size))
    const upload = new Upload(this.bucket, key, { ...this.settings, size: this.expected.size })
    this.#upload = upload
    const gathered = this.#gathered
    this.#gathered = []
    for (const chunk of gathered) await upload.append(chunk)
  }

  async #put(digest: Digest): Promise<void> {
    const { signal } = this.settings
    const content = Buffer.concat(this.#gathered)
    const sha256 = algorithmOf(digest) === 'sha256' ? { sha256: encodedOf(digest) } : {}
    await putNew(this.bucket, this.bucket.blob(digest), content, { signal, ...sha256 })
  }

  /** The digest, without which more than a small size cannot be written. */
  #checkDigest(size: number): Digest {
    const { digest } = this.expected
    const { smallSize } = this.settings
    if (digest === undefined && size > smallSize)
      throw new DistError(
        'INVALID_ARGUMENT',
        `write ${this.ref} into S3 needs the expected digest, as all content above ${smallSize} bytes`,
      )
    return digest as Digest
  }

  async #discard(): Promise<void> {
    this.#gathered = []
    const upload = this.#upload
    this.#upload = undefined
    await upload?.abort()
  }

  /** Runs a step; when it fails, this write is over and nothing of it is left. */
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
    this.#gathered = []
    this.onClose()
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#closed) throw new DistError('INTERNAL', `write ${this.ref} is closed`)
    throwIfAborted(this.settings.signal)
  }
}
