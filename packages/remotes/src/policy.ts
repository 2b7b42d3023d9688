import type { KnownQuota } from './quota/quota.js'

/** How every client treats a host. Durations are milliseconds. */
export interface HostPolicy {
  /** Requests in flight at one host. Default: 8. */
  readonly requests: number
  /** Requests per second to the host. Default: no bound but what the host itself shows by its answers. */
  readonly requestsPerSecond?: number | undefined
  /** Bytes per second of the content that comes from the host, and goes to it. Default: no bound. */
  readonly bytesPerSecond?: number | undefined
  /** Pulls of the host's quota that are left for others. Default: 0. */
  readonly reservePulls: number
  /** Time between two questions for a quota of which only the reserve is left. Default: 60,000. */
  readonly quotaInterval: number
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

/** The policies of hosts: fields for all of them, and by host those that it has instead. A host is as in URLs. */
export interface HostPolicies extends GivenPolicy {
  readonly hosts?: Readonly<Record<string, GivenPolicy>> | undefined
}

/** The fields of a policy that differ from the defaults. */
export type GivenPolicy = { readonly [Field in keyof HostPolicy]?: HostPolicy[Field] | undefined }

const defaultHostPolicy: HostPolicy = {
  requests: 8,
  reservePulls: 0,
  quotaInterval: 60_000,
  firstProbe: 1_000,
  longestProbe: 180_000,
  longestPause: 60_000,
  firstPatience: 45_000,
  patience: 900_000,
}

/** The policy of a host that is not named: the defaults, with the given fields replaced. */
export function hostPolicy({ hosts: _, ...given }: HostPolicies = {}): HostPolicy {
  return { ...defaultHostPolicy, ...defined(given) }
}

/** The policy of a host as one value. */
export function policyOf(policies: HostPolicies | undefined, host: string): HostPolicy {
  const hosts = policies?.hosts ?? {}
  const own = Object.hasOwn(hosts, host) ? hosts[host] : undefined
  return { ...hostPolicy(policies), ...defined(own ?? {}) }
}

/** The fields that are set: one that is undefined must not replace a default. */
function defined(fields: GivenPolicy): Partial<HostPolicy> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
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
  /** Set while pulls wait for the quota of the host. Other requests go on. */
  readonly quota?: KnownQuota | undefined
}

/** Milliseconds. A requested pause may last exactly as long as `patience`. */
const tolerance = 1_000

/** Whether a host has been in trouble for so long that it is not retried any more. */
export function isGivenUp({ answered, asks, pausedUntil, since }: HostState, policy: HostPolicy): boolean {
  if (pausedUntil === undefined || since === undefined) return false
  return pausedUntil - since > (answered || asks ? policy.patience : policy.firstPatience) + tolerance
}
