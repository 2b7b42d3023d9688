import { setTimeout as delay } from 'node:timers/promises'
import type { S3Client } from '@aws-sdk/client-s3'
import { abortError, backoff, DistError, isLost, throwIfAborted } from '@dist/errdefs'
import { algorithmOf, type Digest, encodedOf, parseDigest } from '@dist/oci'
import { s3Error } from './errors.js'

export interface BucketSettings {
  readonly client: S3Client
  readonly bucket: string
  readonly prefix: string
  /** Times that a call is made before its failure counts. */
  readonly attempts: number
  /** Milliseconds until the answer to a call has to begin, besides what its bytes may take. */
  readonly timeout: number
}

export interface CallOptions {
  signal?: AbortSignal | undefined
  /** Default: the bucket's. */
  attempts?: number | undefined
  /** Milliseconds until the answer has to begin, in place of the bucket's. */
  timeout?: number | undefined
  /** Bytes that the call sends. Default 0. */
  bytes?: number | undefined
  /** Whether the signal ends the retries alone: of what a call begins the outcome has to be known. Default false. */
  awaited?: boolean | undefined
}

/** Passed on to the SDK with every call. */
export interface Sending {
  readonly abortSignal: AbortSignal
}

const firstDelay = 100
const longestDelay = 5_000
/** Bytes per millisecond below which a connection is of no use. */
const slowest = 64

/** A bucket, the keys of a store in it, and the one way in which calls are made, timed and retried. */
export class Bucket {
  /** Whether the server is known to take `If-None-Match` with a put. */
  conditionalPuts = true
  readonly client: S3Client
  readonly name: string
  readonly attempts: number
  readonly timeout: number
  readonly #prefix: string

  constructor(settings: BucketSettings) {
    this.client = settings.client
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

  /** The digest whose blob has this key; undefined for any other key. */
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

  /** The store's own: `s3://bucket/prefix`. */
  get root(): string {
    return this.url(this.#prefix).replace(/\/$/, '')
  }

  url(key: string): string {
    return `s3://${this.name}/${key}`
  }

  /** The server's time, as far as its answers told: uploads and objects are dated by it. */
  now(): number {
    return Date.now() + this.client.config.systemClockOffset
  }

  /**
   * Makes a call, again with growing delays where that may help, each time with a deadline. `doing` and `key` are
   * for the error, which is always a `DistError`; `CANCELED` through the signal.
   */
  async call<T>(
    doing: string,
    key: string,
    send: (sending: Sending) => Promise<T>,
    options: CallOptions = {},
  ): Promise<T> {
    const { signal, attempts = this.attempts, timeout = this.timeout, bytes = 0, awaited = false } = options
    for (let attempt = 1; ; attempt++) {
      throwIfAborted(signal)
      try {
        return await this.#once(send, timeout + bytes / slowest, awaited ? undefined : signal)
      } catch (cause) {
        throwIfAborted(signal)
        const error = s3Error({ url: this.url(key), bucket: this.name, doing }, cause)
        if (!error.retryable || isLost(error) || attempt >= attempts) throw error
      }
      await this.pause(attempt - 1, signal)
    }
  }

  /** Waits between two attempts. `CANCELED` when the signal aborts first. */
  pause(attempt: number, signal: AbortSignal | undefined): Promise<void> {
    return this.wait(backoff(attempt, firstDelay, longestDelay), signal)
  }

  /** Waits so many milliseconds. `CANCELED` when the signal aborts first. */
  async wait(time: number, signal: AbortSignal | undefined): Promise<void> {
    try {
      await delay(time, undefined, signal && { signal })
    } catch (error) {
      throw signal?.aborted ? abortError(signal) : error
    }
  }

  /** The deadline ends with the beginning of the answer: a body may take longer. */
  async #once<T>(
    send: (sending: Sending) => Promise<T>,
    timeout: number,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const controller = new AbortController()
    const abort = () => controller.abort()
    let late = false
    const timer = setTimeout(() => {
      late = true
      abort()
    }, timeout)
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
