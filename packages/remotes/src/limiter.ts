import { DistError } from '@dist/errdefs'
import type { HostState } from './policy.js'
import type { KnownQuota, PullTurn, Quota } from './quota/quota.js'

/**
 * The use of a slot. Each lane has as many slots as the policy allows, so that lanes never wait for each other: an
 * upload holds its slot while it waits for its download, and both may need a token. All lanes share the host's health.
 */
export type HostLane = 'requests' | 'uploads' | 'tokens'

/** What a request is for. Registries limit these differently, so that each has a rate of its own. */
export type RequestKind = 'manifests' | 'blobs' | 'uploads' | 'tokens' | 'other'

/** Requests with one limit at a host. */
export interface RequestClass {
  /** Default: `other`. */
  readonly kind?: RequestKind | undefined
  /** Stands for the credential: a host may limit each account by itself. Contains no secret. Default: none. */
  readonly account?: string | undefined
}

export interface AcquireOptions extends RequestClass {
  readonly signal?: AbortSignal | undefined
  /** Default: `requests`. */
  readonly lane?: HostLane | undefined
}

/** The right to have one request in flight at a host. */
export interface Permit {
  /** This request tests whether the host is back: no other request is admitted until its result is reported. */
  readonly probes: boolean
  /** Frees the slot, once the body has been read. Idempotent. */
  release(): void
}

export interface ReportOptions extends RequestClass {
  /** Milliseconds from the start of the request to the report. Default: 0. */
  readonly after?: number | undefined
}

export interface AnswerOptions extends RequestClass {
  /** Milliseconds from the start of the request to its answer. Default: they say nothing about the host. */
  readonly latency?: number | undefined
}

/** The limits that a host has shown by its answers to one kind of request. */
export interface LearnedLimit extends RequestClass {
  readonly host: string
  /** Requests per second. Undefined: no bound is known. */
  readonly rate?: number | undefined
  /** Requests in flight of this process, if there are fewer than the policy allows. */
  readonly requests?: number | undefined
}

/**
 * Limits the requests in flight and per second at each host, and pauses hosts that fail. All clients of a host share one
 * limiter.
 *
 * A host that fails or asks for a pause is paused: `acquire` then throws at once, so that the caller can free what it
 * holds. After the pause one request at a time is admitted until one is answered.
 */
export interface HostLimiter extends HostStates {
  /**
   * Waits for a slot and for the turn of the request, first come, first served within its class. Throws `CANCELED` when the
   * signal aborts, and `pausedHostError` when the host is paused, also while it waits.
   */
  acquire(host: string, options?: AcquireOptions): Promise<Permit>
  /**
   * Reports that the host refused the connection, timed out, or has no address. It is paused, longer with each
   * consecutive failure. Failures of concurrent requests count once; a request that began before the last answer does
   * not count.
   */
  failed(host: string, because: string, options?: ReportOptions): Promise<void>
  /** Reports an answer of any status. Ends a failure; a pause that the host asked for runs to its end. */
  answered(host: string, options?: AnswerOptions): Promise<void>
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
  /**
   * Reports that the host refused a request because there are too many. A host that answers other requests of the class gets
   * fewer per second: resolves to the milliseconds after which this request may be sent again. A host that answers none, or
   * asks for more than 10 s, is paused as by `pause`: resolves to undefined.
   */
  refused(
    host: string,
    milliseconds: number | undefined,
    because: string,
    options?: ReportOptions,
  ): Promise<number | undefined>
  /**
   * Waits until so many bytes of content are within the bytes per second of the host's policy. Undefined: the policy has no
   * bound. To be called for each piece that was received, before the next one is read, and for each piece before it is sent.
   */
  takeBytes(host: string, bytes: number): Promise<void> | undefined
  /**
   * To be called before a request that costs a pull of the host's quota. Resolves to `pull`: it may be sent; or to `ask`: the
   * caller first asks for the quota by a HEAD, reports the answer, and calls again. Throws `quotaError` while only the reserve
   * of the policy is left.
   */
  admitPull(host: string): Promise<'pull' | 'ask'>
  /** Reports the quota that an answer tells; undefined for the answer to a pull, or to a question, that tells none. */
  told(host: string, quota: Quota | undefined): Promise<void>
}

/** The health and the limits of hosts, for schedulers and displays. Never rejects. */
export interface HostStates {
  state(host: string): Promise<HostState>
  /** The hosts that fail or are paused, and those whose quota pulls wait for. */
  states(): Promise<HostState[]>
  /** The turn of work that needs a pull. One of all that wait for a quota tries it in an interval. */
  pullTurn(host: string): Promise<PullTurn>
  /** What hosts have told of their quotas. */
  quotas(): Promise<KnownQuota[]>
  /** The limits that hosts have shown. */
  limits(): Promise<LearnedLimit[]>
}

/** Milliseconds. A request that has to wait for longer does not wait in the client, where it may hold a lock. */
export const longestOwnWait = 10_000

/** Milliseconds after which a refused request may be sent again, if its host names no time. */
export const defaultOwnWait = 1_000

/** The error of a request to a paused host: `UNAVAILABLE`, retryable, `paused`, with `host` and `because`. */
export function pausedHostError(host: string, because: string, retryAfter: number): DistError {
  const message = `${because}; next request ${delayText(retryAfter)}`
  return new DistError('UNAVAILABLE', message, { host, because, retryAfter, paused: true })
}

function delayText(milliseconds: number): string {
  return milliseconds < 1_000 ? 'in less than 1 s' : `in ${Math.round(milliseconds / 1_000)} s`
}
