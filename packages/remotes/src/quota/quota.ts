import { DistError } from '@dist/errdefs'

/** How many more pulls a host allows, as its answers tell. */
export interface Quota {
  /** Whom it belongs to, as the host names it: an address or an account. Empty where it names none. */
  readonly source: string
  readonly remaining: number
  /** Pulls in a window. */
  readonly limit?: number | undefined
  /** Milliseconds. The window slides: no time is known at which it is full again. */
  readonly window?: number | undefined
}

/** A quota that is known. Times are milliseconds since the epoch. */
export interface KnownQuota extends Quota {
  readonly host: string
  /** When the host last told it. */
  readonly seenAt: number
  /** Set while only the reserve is left, and work waits for more: when the host is asked again. */
  readonly asksAt?: number | undefined
}

/** Whether work that needs a pull may go on: `open`; `try`, to see whether there are more; else so many milliseconds later. */
export type PullTurn = 'open' | 'try' | number

/** The error of a pull that waits for the quota: retryable, `paused`, with `host` and `because`. HEADs and blobs go on. */
export function quotaError(
  host: string,
  { remaining, limit }: Pick<Quota, 'remaining' | 'limit'>,
  reserve: number,
  wait: number,
): DistError {
  const because = `${host} ${leftText(remaining, limit, reserve)}`
  const message = `${because}; asked again in ${Math.ceil(wait / 1000)} s`
  return new DistError('RESOURCE_EXHAUSTED', message, {
    host,
    because,
    retryAfter: wait,
    retryable: true,
    paused: true,
  })
}

/** Whether an error is one of `quotaError`. */
export function isQuotaError(error: unknown): error is DistError & { host: string; because: string } {
  return (
    error instanceof DistError &&
    error.code === 'RESOURCE_EXHAUSTED' &&
    error.paused &&
    error.because !== undefined
  )
}

/** What a host with too small a rest of its quota does, as the end of a sentence. */
function leftText(remaining: number, limit: number | undefined, reserve: number): string {
  const left = `${remaining}${limit === undefined ? '' : ` of ${limit}`}`
  const kept = reserve > 0 ? `, and ${reserve} stay in reserve` : ''
  return `allows ${left} more pulls${kept}: pulls wait for its quota`
}
