import { DistError } from '@dist/errdefs'
import type { HostState } from './policy.js'

/**
 * The use of a slot. Each lane has as many slots as the policy allows, so that lanes never wait for each other: an
 * upload holds its slot while it waits for its download, and both may need a token. All lanes share the host's health.
 */
export type HostLane = 'requests' | 'uploads' | 'tokens'

export interface AcquireOptions {
  signal?: AbortSignal | undefined
  /** Default: `requests`. */
  lane?: HostLane | undefined
}

/** The right to have one request in flight at a host. */
export interface Permit {
  /** This request tests whether the host is back: no other request is admitted until its result is reported. */
  readonly probes: boolean
  /** Frees the slot, once the body has been read. Idempotent. */
  release(): void
}

export interface ReportOptions {
  /** Milliseconds from the start of the request to the report. Default: 0. */
  after?: number | undefined
}

/**
 * Limits the requests in flight at each host, and pauses hosts that fail. All clients of a host share one limiter.
 *
 * A host that fails or asks for a pause is paused: `acquire` then throws at once, so that the caller can free what it
 * holds. After the pause one request at a time is admitted until one is answered.
 */
export interface HostLimiter extends HostStates {
  /**
   * Waits for a slot, first come, first served. Throws `CANCELED` when the signal aborts, and `pausedHostError` when the
   * host is paused, also while it waits.
   */
  acquire(host: string, options?: AcquireOptions): Promise<Permit>
  /**
   * Reports that the host refused the connection, timed out, or has no address. It is paused, longer with each
   * consecutive failure. Failures of concurrent requests count once; a request that began before the last answer does
   * not count.
   */
  failed(host: string, because: string, options?: ReportOptions): Promise<void>
  /** Reports an answer of any status. Ends a failure; a pause that the host asked for runs to its end. */
  answered(host: string): Promise<void>
  /**
   * Reports that the host asks for a pause of `milliseconds` (undefined: it names no time). Each consecutive report
   * doubles the minimum pause. A pause is never shortened.
   */
  pause(
    host: string,
    milliseconds: number | undefined,
    because: string,
    options?: ReportOptions,
  ): Promise<void>
}

/** The health of hosts, for schedulers and displays. Never rejects. */
export interface HostStates {
  state(host: string): Promise<HostState>
  /** The hosts that fail or are paused. */
  states(): Promise<HostState[]>
}

/** The error of a request to a paused host: `UNAVAILABLE`, retryable, `paused`, with `host` and `because`. */
export function pausedHostError(host: string, because: string, retryAfter: number): DistError {
  const message = `${because}; next request ${delayText(retryAfter)}`
  return new DistError('UNAVAILABLE', message, { host, because, retryAfter, paused: true })
}

function delayText(milliseconds: number): string {
  return milliseconds < 1_000 ? 'in less than 1 s' : `in ${Math.round(milliseconds / 1_000)} s`
}
