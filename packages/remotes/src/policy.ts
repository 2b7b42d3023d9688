/** How a host is treated, whoever asks it. Durations are milliseconds. */
export interface HostPolicy {
  /** Requests in flight at one host. Default: 8. */
  readonly requests: number
  /** Until a host that failed is asked again, by one request. Each failure in a row doubles it. Default: 1,000. */
  readonly firstProbe: number
  /** Default: 180,000. */
  readonly longestProbe: number
  /** The longest pause of a host that asks for one and names no time; it starts at `firstProbe`. Default: 60,000. */
  readonly longestPause: number
  /** For how long a host is tried that has never answered: its images fail within 90 s. Default: 45,000. */
  readonly firstPatience: number
  /** For how long a host is tried that has answered before. Default: 900,000. */
  readonly patience: number
}

export const defaultHostPolicy: HostPolicy = {
  requests: 8,
  firstProbe: 1_000,
  longestProbe: 180_000,
  longestPause: 60_000,
  firstPatience: 45_000,
  patience: 900_000,
}

/** A policy with what is given in place of the defaults. */
export function hostPolicy(given: Partial<HostPolicy> = {}): HostPolicy {
  return { ...defaultHostPolicy, ...given }
}

/** What is known of a host. Times are milliseconds since the epoch. */
export interface HostState {
  readonly host: string
  /** Whether it has ever answered, as far back as the limiter remembers. */
  readonly answered: boolean
  /** The host is in trouble: it is asked again, by one request, from then on. It may lie in the past. */
  readonly pausedUntil?: number | undefined
  /** What is wrong, in words that begin with the host. */
  readonly because?: string | undefined
  /** Whether the host answers, and asks for the pause itself. */
  readonly asks?: boolean | undefined
  /** Since when it has not answered as it should. */
  readonly since?: number | undefined
}

/** A pause that was asked for may last as long as the patience to the millisecond. */
const tolerance = 1_000

/** Whether a host is in trouble for so long that it is not waited for any more. */
export function isGivenUp({ answered, asks, pausedUntil, since }: HostState, policy: HostPolicy): boolean {
  if (pausedUntil === undefined || since === undefined) return false
  return pausedUntil - since > (answered || asks ? policy.patience : policy.firstPatience) + tolerance
}
