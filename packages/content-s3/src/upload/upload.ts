import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { DistError, throwIfAborted } from '@dist/errdefs'
import type { Bucket } from '../bucket/bucket.js'
import { unsigned, withPayloadHash } from '../bucket/payload.js'
import { Completion } from './complete.js'
import type { PartMemory } from './memory.js'
import { partSize } from './sizes.js'

export interface UploadSettings {
  /** Bytes of the content, where they are known. */
  readonly size: number | undefined
  readonly partSize: number
  readonly partsInFlight: number
  readonly signParts: boolean
  /** Milliseconds in all that completing may take. */
  readonly completeTimeout: number
  readonly memory: PartMemory
  readonly signal: AbortSignal | undefined
}

export interface SentPart {
  readonly PartNumber: number
  readonly ETag: string | undefined
}

/** Times that giving an upload up is tried: what remains is left to a sweep. */
const abortAttempts = 3

/**
 * A multipart upload straight to the final key, where nothing shows before `complete`. A process that dies before
 * leaves an upload, which costs space and is invisible to readers, until a sweep aborts it.
 */
export class Upload {
  readonly #controller = new AbortController()
  readonly #sending = new Set<Promise<void>>()
  readonly #sent: SentPart[] = []
  #started: Promise<string> | undefined
  #id: string | undefined
  #parts = 0
  /** Buffers taken, the one that is being filled included. */
  #held = 0
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

  /** Whether an open upload of the server's is this one; while it begins, its id is not known yet. */
  owns(upload: { key: string; id: string }): boolean {
    if (this.#id !== undefined) return upload.id === this.#id
    return this.#started !== undefined && upload.key === this.key
  }

  /** Takes bytes over. Waits while as many parts are under way as may be. */
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
  }

  /** Sends what is left and makes the object visible. What fails leaves the upload for `abort`. */
  async complete(size: number): Promise<void> {
    await this.#send()
    while (this.#sending.size > 0) await Promise.race(this.#sending)
    this.#check()
    const id = await this.#start()
    const parts = this.#sent.toSorted((a, b) => a.PartNumber - b.PartNumber)
    const { signal, completeTimeout: timeout } = this.settings
    this.#completion = new Completion(this.bucket, { key: this.key, id, parts, size, timeout })
    if ((await this.#completion.run(signal)) === 'before') await this.abort()
    this.#id = undefined
    this.#release()
  }

  /**
   * Gives the upload up, with what was sent. What cannot be reached, and what the server may be completing, is left to a
   * sweep: this never fails.
   */
  async abort(): Promise<void> {
    this.#failure ??= new DistError('INTERNAL', `the upload to ${this.bucket.url(this.key)} was given up`)
    this.#abortCalls()
    // A part that arrives after the abort would stay: none is under way any more when it is sent.
    await Promise.allSettled([...this.#sending, this.#started])
    this.#release()
    const id = this.#id
    if (id === undefined || this.#completion?.mayGoOn) return
    const command = new AbortMultipartUploadCommand({ Bucket: this.bucket.name, Key: this.key, UploadId: id })
    await this.bucket
      .call('giving up', this.key, (sending) => this.bucket.client.send(command, sending), {
        attempts: abortAttempts,
      })
      .catch(() => {})
    this.#id = undefined
  }

  async #nextPart(): Promise<Buffer> {
    const { memory, size, partSize: preferred } = this.settings
    const bytes = partSize(this.#parts + 1, size, preferred)
    const part = await memory.take(bytes, this.#held === 0, this.#controller.signal)
    this.#held += 1
    this.#part = part
    this.#filled = 0
    return part
  }

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

  /** Never rejects: a failure shows with the next step of the write. */
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
      `writing part ${number} of`,
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
      'beginning to write',
      this.key,
      (sending) => this.bucket.client.send(command, sending),
      { signal: this.#controller.signal, awaited: true },
    )
    if (UploadId === undefined)
      throw new DistError(
        'MALFORMED',
        `writing ${this.bucket.url(this.key)}: the server gave the upload no id`,
      )
    this.#id = UploadId
    return UploadId
  }

  #abortCalls = () => this.#controller.abort()

  /** Lets go of the signal and of the buffer that was being filled. */
  #release(): void {
    this.settings.signal?.removeEventListener('abort', this.#abortCalls)
    if (this.#part !== undefined) this.#give(this.#part, true)
    this.#part = undefined
  }

  #give(part: Buffer, reuse: boolean): void {
    this.#held -= 1
    this.settings.memory.give(part, reuse)
  }

  #check(): void {
    throwIfAborted(this.settings.signal)
    if (this.#failure !== undefined) throw this.#failure
  }
}
