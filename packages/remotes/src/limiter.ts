import { DistError } from '@dist/errdefs'
import type { HostState } from './policy.js'

/**
 * Who waits for a place at a host. Each has as many places as the host allows, so that none of them waits for another:
 * an upload holds its place while it waits for the download that feeds it, and either may need a token. The health of
 * the host is one for all.
 */
export type HostLane = 'requests' | 'uploads' | 'tokens'

export interface AcquireOptions {
  signal?: AbortSignal | undefined
  /** Default: `requests`. */
  lane?: HostLane | undefined
}

/** A permission to have one request under way at a host. */
export interface Permit {
  /** Whether this request finds out if the host is back: nobody else asks until it is told how it went. */
  readonly probes: boolean
  /** Gives the place back, when the body has been read. Twice is as good as once. */
  release(): void
}

/** How long the request had been under way that a limiter is told of, in milliseconds. Default: 0. */
export interface ToldOptions {
  after?: number | undefined
}

/**
 * Keeps hosts from being asked too much, and everybody from waiting for one that does not answer. Shared by all who
 * talk to the host.
 *
 * A host that fails or asks for a pause is paused: `acquire` throws then and does not wait, so that an attempt gives
 * back what it holds. When the pause is over one request at a time is let through, until one is answered.
 */
export interface HostLimiter extends HostStates {
  /**
   * Waits for a place, first come, first served. `CANCELED` through the signal; `hostPaused` when the host is paused,
   * now or while this waits.
   */
  acquire(host: string, options?: AcquireOptions): Promise<Permit>
  /**
   * The host refused, did not answer in time, or its name does not resolve: it is paused, longer with each failure in
   * a row. Requests that were under way together count once; one that began before the last answer counts for nothing.
   */
  failed(host: string, because: string, options?: ToldOptions): Promise<void>
  /** The host answered as it should, whatever it said. Ends its trouble; a pause that it asked for lasts all the same. */
  answered(host: string): Promise<void>
  /**
   * The host asks for a pause of so many milliseconds, or of a time that it does not name. Each answer like that in a
   * row makes the least pause twice as long. A pause never gets shorter.
   */
  pause(host: string, milliseconds: number | undefined, because: string, options?: ToldOptions): Promise<void>
}

/** Tells of hosts, for who waits and for displays. Never rejects. */
export interface HostStates {
  state(host: string): Promise<HostState>
  /** The hosts that are in trouble. */
  states(): Promise<HostState[]>
}

/** The error of who asks for a host that is paused: `UNAVAILABLE`, retryable, `paused`, with `host` and `because`. */
export function hostPaused(host: string, because: string, retryAfter: number): DistError {
  const message = `${because}; it is asked again ${inSeconds(retryAfter)}`
  return new DistError('UNAVAILABLE', message, { host, because, retryAfter, paused: true })
}

function inSeconds(milliseconds: number): string {
  return milliseconds < 1_000 ? 'soon' : `in ${Math.round(milliseconds / 1_000)} s`
}
