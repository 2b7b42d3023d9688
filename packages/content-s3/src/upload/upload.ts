import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { giveBack } from '@dist/content'
import { DistError, throwIfAborted } from '@dist/errdefs'
import type { Bucket } from '../bucket/bucket.js'
import { unsigned, withPayloadHash } from '../bucket/payload-hash.js'
import { Completion } from './complete.js'
import type { PartMemory } from './memory.js'
import { partSize } from './sizes.js'

export interface UploadSettings {
  /** Bytes of the content, if known. */
  readonly size: number | undefined
  readonly partSize: number
  readonly partsInFlight: number
  readonly signParts: boolean
  /** Milliseconds for all attempts to complete the upload. */
  readonly completeTimeout: number
  readonly memory: PartMemory
  readonly signal: AbortSignal | undefined
}

export interface SentPart {
  readonly PartNumber: number
  readonly ETag: string | undefined
}

/** Attempts to abort an upload. A sweep removes uploads that remain. */
const abortAttempts = 3

/**
 * A multipart upload to the final key. The object is visible after `complete`, not before. An upload of a dead process is
 * invisible to readers and takes space until a sweep aborts it.
 */
export class Upload {
  readonly #controller = new AbortController()
  readonly #sending = new Set<Promise<void>>()
  readonly #sent: SentPart[] = []
  #started: Promise<string> | undefined
  #id: string | undefined
  #parts = 0
  /** Buffers in use, including the one that is being filled. */
  #buffers = 0
  #part: Buffer | undefined
  #filled = 0
  #failure: unknown
  #completion: Completion | undefined

  constructor(
    private readonly bucket: Bucket,
    private readonly key: string,
    private readonly settings: UploadSettings,
  ) {
    settings.signal?.addEventListener('abort', this.#abortCalls, { once: true })
  }

  /** Whether an open upload on the server is this one. Its id is unknown while it is being started. */
  owns(upload: { key: string; id: string }): boolean {
    if (this.#id !== undefined) return upload.id === this.#id
    return this.#started !== undefined && upload.key === this.key
  }

  /** Takes a chunk. Waits while the maximum number of parts is in flight. */
  async append(chunk: Uint8Array): Promise<void> {
    for (let rest = chunk; rest.byteLength > 0; ) {
      this.#check()
      const part = this.#part ?? (await this.#nextPart())
      const taken = Math.min(rest.byteLength, part.byteLength - this.#filled)
      part.set(rest.subarray(0, taken), this.#filled)
      this.#filled += taken
      rest = rest.subarray(taken)
      if (this.#filled === part.byteLength) await this.#send()
    }
    giveBack(chunk)
  }

  /** Sends the last part and makes the object visible. After a failure the upload exists until `abort`. */
  async complete(size: number): Promise<void> {
    await this.#send()
    while (this.#sending.size > 0) await Promise.race(this.#sending)
    this.#check()
    const id = await this.#start()
    const parts = this.#sent.toSorted((a, b) => a.PartNumber - b.PartNumber)
    const { signal, completeTimeout: timeout } = this.settings
    this.#completion = new Completion(this.bucket, { key: this.key, id, parts, size, timeout })
    if ((await this.#completion.run(signal)) === 'existed') await this.abort()
    this.#id = undefined
    this.#release()
  }

  /**
   * Aborts the upload. Never fails: a sweep removes an upload that cannot be aborted, or that the server may still be
   * completing.
   */
  async abort(): Promise<void> {
    this.#failure ??= new DistError('INTERNAL', `${this.bucket.url(this.key)}: upload was aborted`)
    this.#abortCalls()
    // A part that arrives after the abort would stay on the server, so all parts must have ended before.
    await Promise.allSettled([...this.#sending, this.#started])
    this.#release()
    const id = this.#id
    if (id === undefined || this.#completion?.mayContinue) return
    const command = new AbortMultipartUploadCommand({ Bucket: this.bucket.name, Key: this.key, UploadId: id })
    await this.bucket
      .call('abort upload', this.key, (sending) => this.bucket.client.send(command, sending), {
        attempts: abortAttempts,
      })
      .catch(() => {})
    this.#id = undefined
  }

  async #nextPart(): Promise<Buffer> {
    const { memory, size, partSize: preferred } = this.settings
    const bytes = partSize(this.#parts + 1, size, preferred)
    const part = await memory.take(bytes, this.#buffers === 0, this.#controller.signal)
    this.#buffers += 1
    this.#part = part
    this.#filled = 0
    return part
  }

  /** Sends the filled part. Waits for a free slot first, which p-limit cannot do: it queues parts in memory. */
  async #send(): Promise<void> {
    while (this.#sending.size >= this.settings.partsInFlight) await Promise.race(this.#sending)
    this.#check()
    const part = this.#part
    if (part === undefined) return
    this.#part = undefined
    const number = ++this.#parts
    const sending = this.#sendPart(number, part, this.#filled).finally(() => this.#sending.delete(sending))
    this.#sending.add(sending)
  }

  /** Never rejects: the next step of the write throws the failure. */
  async #sendPart(number: number, part: Buffer, size: number): Promise<void> {
    let sent = false
    try {
      const ETag = await this.#uploadPart(number, part.subarray(0, size))
      this.#sent.push({ PartNumber: number, ETag })
      sent = true
    } catch (error) {
      this.#failure ??= error
      this.#abortCalls()
    } finally {
      this.#give(part, sent)
    }
  }

  async #uploadPart(number: number, body: Uint8Array): Promise<string | undefined> {
    const upload = { Bucket: this.bucket.name, Key: this.key, UploadId: await this.#start() }
    const input = { ...upload, PartNumber: number, Body: body }
    const part = new UploadPartCommand(input)
    const command = this.settings.signParts ? part : withPayloadHash(part, unsigned)
    const { ETag } = await this.bucket.call(
      `write of part ${number}`,
      this.key,
      (sending) => this.bucket.client.send(command, sending),
      { signal: this.#controller.signal, bytes: body.byteLength },
    )
    return ETag
  }

  #start(): Promise<string> {
    this.#started ??= this.#create()
    return this.#started
  }

  async #create(): Promise<string> {
    const input = { Bucket: this.bucket.name, Key: this.key, ContentType: 'application/octet-stream' }
    const command = new CreateMultipartUploadCommand(input)
    const { UploadId } = await this.bucket.call(
      'start upload',
      this.key,
      (sending) => this.bucket.client.send(command, sending),
      { signal: this.#controller.signal, awaited: true },
    )
    if (UploadId === undefined)
      throw new DistError(
        'MALFORMED',
        `${this.bucket.url(this.key)}: start upload failed: the answer has no upload id`,
      )
    this.#id = UploadId
    return UploadId
  }

  #abortCalls = () => this.#controller.abort()

  /** Removes the listener and returns the buffer that was being filled. */
  #release(): void {
    this.settings.signal?.removeEventListener('abort', this.#abortCalls)
    if (this.#part !== undefined) this.#give(this.#part, true)
    this.#part = undefined
  }

  #give(part: Buffer, reuse: boolean): void {
    this.#buffers -= 1
    this.settings.memory.give(part, reuse)
  }

  #check(): void {
    throwIfAborted(this.settings.signal)
    if (this.#failure !== undefined) throw this.#failure
  }
}
