import { type HostPolicies, type KnownQuota, policyOf } from '@dist/remotes'
import { formatDuration } from '../output/format.js'

/** What a run costs of a quota. */
export interface PullCost {
  /** The registry as in references. */
  readonly registry: string
  readonly pulls: number
  /** Whether the run may cost more: not all manifests are known. */
  readonly isLeast: boolean
  readonly quota: KnownQuota
}

/** A line about the pulls of a run: what they are, what is left, and how long that takes. */
export function pullsLine({ registry, pulls, isLeast, quota }: PullCost, policies: HostPolicies): string {
  const { remaining, limit, window } = quota
  const { reservePulls } = policyOf(policies, quota.host)
  const left = limit === undefined ? `${remaining}` : `${remaining} of ${limit}`
  const per = window === undefined ? '' : ` in ${formatDuration(window)}`
  const kept = reservePulls === 0 ? '' : `, ${reservePulls} in reserve`
  const cost = `${registry}: at ${isLeast ? 'least' : 'most'} ${pulls} pulls; ${left}${per} left${kept}`
  return `${cost}: ${durationText(pulls - Math.max(0, remaining - reservePulls), quota)}`
}

/** How long pulls take that exceed what is left: the window slides, so that they come back one by one. */
function durationText(excess: number, { limit, window }: KnownQuota): string {
  if (excess <= 0) return 'none of them waits'
  if (limit === undefined || window === undefined || limit === 0) return `${excess} of them wait`
  const hours = Math.ceil(((excess / limit) * window) / 360_000) / 10
  return `${excess} of them wait, about ${hours} h`
}
