/** How every client treats a host. Durations are milliseconds. */
export interface HostPolicy {
  /** Requests in flight at one host. Default: 8. */
  readonly requests: number
  /** Pause of a host that failed; then one request probes it. Doubles with each consecutive failure. Default: 1,000. */
  readonly firstProbe: number
  /** The longest pause of a host that failed. Default: 180,000. */
  readonly longestProbe: number
  /** The longest pause of a host that asks for one and names no time; it starts at `firstProbe`. Default: 60,000. */
  readonly longestPause: number
  /** How long a host is tried that has never answered: its images fail within 90 s. Default: 45,000. */
  readonly firstPatience: number
  /** How long a host is tried that has answered before. Default: 900,000. */
  readonly patience: number
}

const defaultHostPolicy: HostPolicy = {
  requests: 8,
  firstProbe: 1_000,
  longestProbe: 180_000,
  longestPause: 60_000,
  firstPatience: 45_000,
  patience: 900_000,
}

/** The default policy, with the given fields replaced. */
export function hostPolicy(given: Partial<HostPolicy> = {}): HostPolicy {
  return { ...defaultHostPolicy, ...given }
}

/** The health of a host. Times are milliseconds since the epoch. */
export interface HostState {
  readonly host: string
  /** The host has answered at least once since the limiter began to record it. */
  readonly answered: boolean
  /** Set while the host is in trouble: the time of the next probe. May lie in the past. */
  readonly pausedUntil?: number | undefined
  /** The failure, as a sentence that begins with the host. */
  readonly because?: string | undefined
  /** The host answers, and asks for the pause itself. */
  readonly asks?: boolean | undefined
  /** The start of the trouble. */
  readonly since?: number | undefined
}

/** Milliseconds. A requested pause may last exactly as long as `patience`. */
const tolerance = 1_000

/** Whether a host has been in trouble for so long that it is not retried any more. */
export function isGivenUp({ answered, asks, pausedUntil, since }: HostState, policy: HostPolicy): boolean {
  if (pausedUntil === undefined || since === undefined) return false
  return pausedUntil - since > (answered || asks ? policy.patience : policy.firstPatience) + tolerance
}
