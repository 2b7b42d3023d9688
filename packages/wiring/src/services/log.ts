import { DistError } from '@dist/errdefs'
import type { ServiceEvent } from '@dist/runs'
import type { Level, Logger } from '@dist/service'
import type { Redis } from 'ioredis'

/** The levels of states. A run may have ten thousand blobs: their lines must not hide those of images. */
const levels: Readonly<Record<string, Level>> = { failed: 'warn', lost: 'error', retrying: 'info' }

/** Logs an event of a job. `errors` logs errors of the queue, which repeat while Redis is unavailable. */
export function logEvent(log: Logger, event: ServiceEvent, errors: Logger = log): void {
  if (event.type === 'error') {
    errors.error('the queue reports an error', { error: event.error })
    return
  }
  const { type, state, ...fields } = event
  log[levelOf(event)](`${type} ${state}`, fields)
}

function levelOf({ type, state }: Exclude<ServiceEvent, { type: 'error' }>): Level {
  if (type === 'run') return 'info'
  const isMany = type === 'blob' || (type === 'image' && state === 'started')
  return levels[state] ?? (isMany ? 'debug' : 'info')
}

/** Within this time all connections notice that Redis is unavailable. */
const noticedWithinMs = 500

/** Logs the start and the end of each outage of Redis once, although every connection and job notices it. */
export class Outage {
  #since: number | undefined
  #endedAt = Number.NEGATIVE_INFINITY

  constructor(
    private readonly log: Logger,
    /** The connection whose state decides. */
    private readonly redis: Redis,
  ) {
    redis.on('ready', () => this.#end())
  }

  /** Whether an error is part of an outage, or of the shutdown, and is not logged. */
  get covers(): boolean {
    return this.redis.status !== 'ready'
  }

  /** Handles the failure of a connection: logs the outage, or calls `logFailure` when the other connections work. */
  connectionFailed(error: DistError, logFailure: () => void): void {
    if (this.covers) this.#begin(error)
    else this.logUnlessOutage(logFailure)
  }

  /** Calls `log` after 500 ms unless an outage has begun by then: this connection may be the last to notice it. */
  logUnlessOutage(log: () => void): void {
    if (this.covers) return
    const at = performance.now()
    setTimeout(() => {
      if (!this.covers && this.#endedAt < at) log()
    }, noticedWithinMs).unref()
  }

  #begin({ code, message }: DistError): void {
    if (this.#since !== undefined || this.redis.status === 'end') return
    this.#since = performance.now()
    // Without the cause, which is a message of the client library.
    this.log.warn('Redis is away', { error: new DistError(code, message) })
  }

  #end(): void {
    this.#endedAt = performance.now()
    if (this.#since === undefined) return
    const seconds = Math.round((this.#endedAt - this.#since) / 100) / 10
    this.#since = undefined
    this.log.info('Redis is back', { seconds })
  }
}
