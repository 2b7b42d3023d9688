import { CompleteMultipartUploadCommand } from '@aws-sdk/client-s3'
import { DistError, isLost, isRetryable, throwIfAborted } from '@dist/errdefs'
import type { Bucket } from '../bucket/bucket.js'
import { endsThere, isAnswered } from '../bucket/errors.js'
import { headObject } from '../bucket/head.js'
import type { SentPart } from './upload.js'

export interface CompleteSettings {
  readonly key: string
  readonly id: string
  readonly parts: readonly SentPart[]
  /** Bytes of all parts. */
  readonly size: number
  /** Milliseconds in all until it counts as failed. */
  readonly timeout: number
}

/**
 * Makes the object of an upload visible. Servers take minutes for it, and answers get lost meanwhile; asking says
 * little then, since the upload is gone when it was completed. So the object is what counts, and is looked for.
 */
export class Completion {
  #mayGoOn = false
  #deadline = Number.POSITIVE_INFINITY

  constructor(
    private readonly bucket: Bucket,
    private readonly settings: CompleteSettings,
  ) {}

  /** Whether the server may be completing it at this moment: an upload that is given up then may become a broken object. */
  get mayGoOn(): boolean {
    return this.#mayGoOn
  }

  /**
   * `before` where somebody else was first: the upload is still there. `UNAVAILABLE` when it could not be found out that
   * the object is there, and where the content has to be written again. `CANCELED` through the signal, at once.
   */
  async run(signal: AbortSignal | undefined): Promise<'before' | 'now'> {
    if (await this.#isThere(signal)) return 'before'
    this.#deadline = performance.now() + this.settings.timeout
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#answeredOrThere(signal)
        return 'now'
      } catch (error) {
        this.#mayGoOn ||= !endsThere(error)
        throwIfAborted(signal)
        const appeared = isAnswered(error) && !this.#mayGoOn ? this.#isThere(signal) : this.#appears(signal)
        if (await appeared) return 'now'
        const isOver = attempt >= this.bucket.attempts || performance.now() >= this.#deadline
        if (isOver || !isRetryable(error) || isLost(error)) throw error
      }
      await this.bucket.pause(attempt - 1, signal)
    }
  }

  /** Asks, and looks for the object meanwhile: a connection over which nothing comes for minutes may be dead. */
  async #answeredOrThere(signal: AbortSignal | undefined): Promise<void> {
    const controller = new AbortController()
    const either = signal === undefined ? controller.signal : AbortSignal.any([signal, controller.signal])
    const answered = this.#ask(either)
    const there = this.#lookOut(either)
    for (const promise of [answered, there]) promise.catch(() => {})
    try {
      await Promise.race([answered, there])
    } finally {
      controller.abort()
    }
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const { key, id, parts } = this.settings
    const command = new CompleteMultipartUploadCommand({
      Bucket: this.bucket.name,
      Key: key,
      UploadId: id,
      MultipartUpload: { Parts: [...parts] },
    })
    const { ETag } = await this.bucket.call(
      'completing',
      key,
      (sending) => this.bucket.client.send(command, sending),
      { signal, attempts: 1, timeout: Math.max(0, this.#deadline - performance.now()) },
    )
    // Amazon S3 API reference, CompleteMultipartUpload: a 200 whose document is an error has no ETag.
    if (ETag === undefined)
      throw new DistError(
        'UNAVAILABLE',
        `completing ${this.bucket.url(key)}: the server did not say that it did`,
      )
  }

  /** Resolves when the object is there. */
  async #lookOut(signal: AbortSignal): Promise<void> {
    do await this.bucket.wait(this.bucket.timeout, signal)
    while (!(await this.#isSeen(signal)))
  }

  /** Looks for the object for as long as an answer may take otherwise. */
  async #appears(signal: AbortSignal | undefined): Promise<boolean> {
    const end = Math.min(this.#deadline, performance.now() + this.bucket.timeout)
    for (let look = 0; ; look++) {
      if (await this.#isSeen(signal)) return true
      if (performance.now() >= end) return false
      await this.bucket.pause(look, signal)
    }
  }

  /** A server that does not answer has not shown it. */
  async #isSeen(signal: AbortSignal | undefined): Promise<boolean> {
    try {
      return await this.#isThere(signal, 1)
    } catch (error) {
      throwIfAborted(signal)
      if (isRetryable(error)) return false
      throw error
    }
  }

  async #isThere(signal: AbortSignal | undefined, attempts = this.bucket.attempts): Promise<boolean> {
    const head = await headObject(this.bucket, this.settings.key, { signal, attempts })
    return head?.size === this.settings.size
  }
}
