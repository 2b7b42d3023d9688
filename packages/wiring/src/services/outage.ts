import { DistError } from '@dist/errdefs'
import type { Logger } from '@dist/service'
import type { Redis } from 'ioredis'

/** Milliseconds within which all connections notice that Redis is away. */
const spread = 500

/** Says once that Redis is away and once that it is back, however many connections and jobs of a service notice it. */
export class Outage {
  #since: number | undefined
  #endedAt = Number.NEGATIVE_INFINITY

  constructor(
    private readonly log: Logger,
    /** The connection whose state tells. */
    private readonly redis: Redis,
  ) {
    redis.on('ready', () => this.#over())
  }

  /** Whether what has failed just now needs no word of its own: Redis is away, or the service has let go of it. */
  get covers(): boolean {
    return this.redis.status !== 'ready'
  }

  /** A connection has failed: the outage is said, or, where the others go on, what `otherwise` says. */
  connectionFailed(error: DistError, otherwise: () => void): void {
    if (this.covers) this.#begin(error)
    else this.unlessPart(otherwise)
  }

  /** Says it unless it turns out to be part of an outage: the connection that tells may notice it last. */
  unlessPart(say: () => void): void {
    if (this.covers) return
    const at = performance.now()
    setTimeout(() => {
      if (!this.covers && this.#endedAt < at) say()
    }, spread).unref()
  }

  #begin({ code, message }: DistError): void {
    if (this.#since !== undefined || this.redis.status === 'end') return
    this.#since = performance.now()
    // Its cause would be in the client library's own words.
    this.log.warn('Redis is away', { error: new DistError(code, message) })
  }

  #over(): void {
    this.#endedAt = performance.now()
    if (this.#since === undefined) return
    const seconds = Math.round((this.#endedAt - this.#since) / 100) / 10
    this.#since = undefined
    this.log.info('Redis is back', { seconds })
  }
}
