import { DistError } from '@dist/errdefs'
import type { Redis } from 'ioredis'
import type { Logger } from './log.js'

/** Says once that Redis is away and once that it is back, however many connections and jobs of a service notice it. */
export class Outage {
  #since: number | undefined

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

  /** A connection has failed. False when that is no outage: the service's other connections work. */
  begin({ code, message }: DistError): boolean {
    if (!this.covers) return false
    if (this.#since !== undefined || this.redis.status === 'end') return true
    this.#since = performance.now()
    // Its cause would be in the client library's own words.
    this.log.warn('Redis is away', { error: new DistError(code, message) })
    return true
  }

  #over(): void {
    if (this.#since === undefined) return
    const seconds = Math.round((performance.now() - this.#since) / 100) / 10
    this.#since = undefined
    this.log.info('Redis is back', { seconds })
  }
}
