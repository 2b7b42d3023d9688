import { CompleteMultipartUploadCommand } from '@aws-sdk/client-s3'
import { DistError, isLost, isRetryable, sleep, throwIfAborted } from '@dist/errdefs'
import type { Bucket } from '../bucket/bucket.js'
import { hasStopped, isAnswered } from '../bucket/errors.js'
import { headObject } from '../bucket/objects.js'
import type { SentPart } from './upload.js'

export interface CompleteSettings {
  readonly key: string
  readonly id: string
  readonly parts: readonly SentPart[]
  /** Bytes of all parts. */
  readonly size: number
  /** Milliseconds for all attempts together. */
  readonly timeout: number
}

/**
 * Completes an upload: its object becomes visible. Servers take minutes for it, and answers get lost meanwhile. A second
 * request then fails either way, since a completed upload no longer exists. So the existence of the object decides.
 */
export class Completion {
  #mayContinue = false
  #deadline = Number.POSITIVE_INFINITY

  constructor(
    private readonly bucket: Bucket,
    private readonly settings: CompleteSettings,
  ) {}

  /** Whether the server may still be completing the upload. Aborting it then may leave a broken object. */
  get mayContinue(): boolean {
    return this.#mayContinue
  }

  /**
   * `existed` where another writer committed the object before; the upload still exists then. `UNAVAILABLE` when the
   * object is not found in time, and when the content has to be written again. `CANCELED` at once when the signal aborts.
   */
  async run(signal: AbortSignal | undefined): Promise<'existed' | 'completed'> {
    if (await this.#exists(signal)) return 'existed'
    this.#deadline = performance.now() + this.settings.timeout
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#completeOrAppear(signal)
        return 'completed'
      } catch (error) {
        this.#mayContinue ||= !hasStopped(error)
        throwIfAborted(signal)
        const found = isAnswered(error) && !this.#mayContinue ? this.#exists(signal) : this.#appears(signal)
        if (await found) return 'completed'
        const isOver = attempt >= this.bucket.attempts || performance.now() >= this.#deadline
        if (isOver || !isRetryable(error) || isLost(error)) throw error
      }
      await this.bucket.pause(attempt - 1, signal)
    }
  }

  /** Sends the request, and polls for the object meanwhile: a connection that is silent for minutes may be dead. */
  async #completeOrAppear(signal: AbortSignal | undefined): Promise<void> {
    const controller = new AbortController()
    const either = signal === undefined ? controller.signal : AbortSignal.any([signal, controller.signal])
    const answered = this.#complete(either)
    const visible = this.#pollSlowly(either)
    for (const promise of [answered, visible]) promise.catch(() => {})
    try {
      await Promise.race([answered, visible])
    } finally {
      controller.abort()
    }
  }

  async #complete(signal: AbortSignal): Promise<void> {
    const { key, id, parts } = this.settings
    const command = new CompleteMultipartUploadCommand({
      Bucket: this.bucket.name,
      Key: key,
      UploadId: id,
      MultipartUpload: { Parts: [...parts] },
    })
    const { ETag } = await this.bucket.call(
      'complete upload',
      key,
      (sending) => this.bucket.client.send(command, sending),
      { signal, attempts: 1, timeout: Math.max(0, this.#deadline - performance.now()) },
    )
    // Amazon S3 API reference, CompleteMultipartUpload: a 200 whose document is an error has no ETag.
    if (ETag === undefined)
      throw new DistError(
        'UNAVAILABLE',
        `${this.bucket.url(key)}: complete upload failed: the answer has no ETag`,
      )
  }

  /** Resolves when the object exists; polls at the interval of the call timeout. */
  async #pollSlowly(signal: AbortSignal): Promise<void> {
    do await sleep(this.bucket.timeout, signal)
    while (!(await this.#isVisible(signal)))
  }

  /** Polls for the object, for as long as other calls may take. */
  async #appears(signal: AbortSignal | undefined): Promise<boolean> {
    const end = Math.min(this.#deadline, performance.now() + this.bucket.timeout)
    for (let attempt = 0; ; attempt++) {
      if (await this.#isVisible(signal)) return true
      if (performance.now() >= end) return false
      await this.bucket.pause(attempt, signal)
    }
  }

  /** As `#exists`, but false where the server does not answer. */
  async #isVisible(signal: AbortSignal | undefined): Promise<boolean> {
    try {
      return await this.#exists(signal, 1)
    } catch (error) {
      throwIfAborted(signal)
      if (isRetryable(error)) return false
      throw error
    }
  }

  async #exists(signal: AbortSignal | undefined, attempts = this.bucket.attempts): Promise<boolean> {
    const head = await headObject(this.bucket, this.settings.key, { signal, attempts })
    return head?.size === this.settings.size
  }
}
