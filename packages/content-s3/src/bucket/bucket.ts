import type { S3Client } from '@aws-sdk/client-s3'
import { backoff, DistError, isLost, sleep, throwIfAborted } from '@dist/errdefs'
import { algorithmOf, type Digest, encodedOf, parseDigest } from '@dist/oci'
import { s3Error } from './errors.js'
import { FastRequests } from './fast-requests.js'
import { type Requests, SdkRequests, type Sending } from './requests.js'

export interface BucketSettings {
  readonly client: S3Client
  /** How small operations are sent. */
  readonly requests: 'fast' | 'sdk'
  readonly bucket: string
  readonly prefix: string
  /** Attempts of a call, the first included. */
  readonly attempts: number
  /** Milliseconds until the answer to a call must begin, in addition to the time to send its bytes. */
  readonly timeout: number
}

export interface CallOptions {
  signal?: AbortSignal | undefined
  /** Default: the bucket's. */
  attempts?: number | undefined
  /** Milliseconds until the answer must begin. Default: the bucket's. */
  timeout?: number | undefined
  /** Bytes that the call sends. Default 0. */
  bytes?: number | undefined
  /** Whether the signal only ends retries and not a running attempt, so that its outcome is known. Default false. */
  awaited?: boolean | undefined
}

const firstDelayMs = 100
const longestDelayMs = 5_000
/** The slowest rate at which a call may send, in bytes per millisecond. */
const minBytesPerMs = 64

/** A bucket and the keys of a store in it. All calls to the server go through `call`, with deadlines and retries. */
export class Bucket {
  /** False once the server is known not to support `If-None-Match` with a put. */
  conditionalPuts = true
  /** False once the server is known not to delete many objects with one request. */
  batchDeletes = true
  readonly client: S3Client
  /** Sends small operations. Other requests are sent with `client`. */
  readonly requests: Requests
  readonly name: string
  readonly attempts: number
  readonly timeout: number
  readonly #prefix: string

  constructor(settings: BucketSettings) {
    this.client = settings.client
    this.requests =
      settings.requests === 'fast'
        ? new FastRequests(settings.client, settings.bucket)
        : new SdkRequests(settings.client)
    this.name = settings.bucket
    this.attempts = settings.attempts
    this.timeout = settings.timeout
    this.#prefix = settings.prefix === '' ? '' : `${settings.prefix}/`
  }

  key(path: string): string {
    return `${this.#prefix}${path}`
  }

  blob(digest: Digest): string {
    return this.key(`blobs/${algorithmOf(digest)}/${encodedOf(digest)}`)
  }

  /** The digest of the blob with this key; undefined for other keys. */
  digestAt(key: string): Digest | undefined {
    const [, algorithm, encoded] = /^blobs\/([^/]+)\/([^/]+)$/.exec(key.slice(this.#prefix.length)) ?? []
    if (!key.startsWith(this.#prefix) || algorithm === undefined) return undefined
    try {
      return parseDigest(`${algorithm}:${encoded}`)
    } catch (error) {
      if (error instanceof DistError) return undefined
      throw error
    }
  }

  /** The URL of the store: `s3://bucket/prefix`. */
  get root(): string {
    return this.url(this.#prefix).replace(/\/$/, '')
  }

  url(key: string): string {
    return `s3://${this.name}/${key}`
  }

  /** The time of the server's clock, by its last answers, in milliseconds. Uploads and objects have its times. */
  now(): number {
    return Date.now() + this.client.config.systemClockOffset
  }

  /**
   * Sends a request, with a deadline, and retries it with growing delays while that may help. `step` and `key` are for
   * the error, which is always a `DistError`; `CANCELED` when the signal aborts.
   */
  async call<T>(
    step: string,
    key: string,
    send: (sending: Sending) => Promise<T>,
    options: CallOptions = {},
  ): Promise<T> {
    const { signal, attempts = this.attempts, timeout = this.timeout, bytes = 0, awaited = false } = options
    for (let attempt = 1; ; attempt++) {
      throwIfAborted(signal)
      try {
        return await this.#attempt(send, timeout + bytes / minBytesPerMs, awaited ? undefined : signal)
      } catch (cause) {
        throwIfAborted(signal)
        const error = s3Error(this.url(key), step, cause)
        if (!error.retryable || isLost(error) || attempt >= attempts) throw error
      }
      await this.pause(attempt - 1, signal)
    }
  }

  /** Waits before retry `attempt` (from 0). `CANCELED` when the signal aborts. */
  pause(attempt: number, signal: AbortSignal | undefined): Promise<void> {
    return sleep(backoff(attempt, firstDelayMs, longestDelayMs), signal)
  }

  /** One attempt. The deadline is for the beginning of the answer; a body may take longer. */
  async #attempt<T>(
    send: (sending: Sending) => Promise<T>,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const controller = new AbortController()
    const abort = () => controller.abort()
    let late = false
    const timer = setTimeout(() => {
      late = true
      abort()
    }, timeoutMs)
    signal?.addEventListener('abort', abort, { once: true })
    try {
      return await send({ abortSignal: controller.signal })
    } catch (cause) {
      throw late ? Object.assign(new Error('no answer', { cause }), { name: 'TimeoutError' }) : cause
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    }
  }
}
