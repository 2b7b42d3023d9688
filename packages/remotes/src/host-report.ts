import type { LearnedLimit } from './limiter.js'
import { type HostPolicies, type HostState, policyOf } from './policy.js'
import type { KnownQuota } from './quota/quota.js'

/** How a host has answered in the last hour. */
export interface AnswerReport {
  readonly answers: number
  /** Of them, those that refused a request because there were too many. */
  readonly refused: number
  /** Milliseconds until the first byte, on average. Undefined: no answer tells. */
  readonly latency?: number | undefined
}

export interface HostAnswers extends AnswerReport {
  readonly host: string
}

/** What is known of a host. `*` stands for all hosts that are not named. */
export interface HostReport {
  readonly host: string
  readonly policy: {
    readonly requests: number
    readonly requestsPerSecond?: number | undefined
    readonly bytesPerSecond?: number | undefined
    readonly reservePulls: number
    /** Milliseconds. */
    readonly patience: number
  }
  readonly pausedUntil?: Date | undefined
  readonly because?: string | undefined
  readonly limits: readonly Omit<LearnedLimit, 'host'>[]
  readonly quotas: readonly QuotaReport[]
  /** Undefined: it was not asked in the last hour. */
  readonly answers?: AnswerReport | undefined
}

export interface QuotaReport {
  readonly source: string
  readonly remaining: number
  readonly limit?: number | undefined
  /** Milliseconds. */
  readonly window?: number | undefined
  readonly seenAt: Date
  readonly asksAt?: Date | undefined
}

/** What the early end of a pause has done. */
export interface ResumedHost {
  /** Whether the host was paused. */
  readonly wasPaused: boolean
  /** Pulls wait for its quota, and it is asked at once whether there are more. Until there are, they go on waiting. */
  readonly asksForPulls: boolean
  /** Jobs that waited for the host, and go on. */
  readonly jobs: number
}

interface Known {
  readonly policies: HostPolicies
  readonly states: readonly HostState[]
  readonly limits: readonly LearnedLimit[]
  readonly quotas: readonly KnownQuota[]
  /** Default: none is known. */
  readonly answers?: readonly HostAnswers[] | undefined
}

/** A report for all hosts together, and one for each host that is named or known. */
export function hostReports({ policies, states, limits, quotas, answers = [] }: Known): HostReport[] {
  const named = Object.keys(policies.hosts ?? {})
  const all = [...named, ...[...states, ...limits, ...quotas, ...answers].map(({ host }) => host)]
  return ['*', ...[...new Set(all)].sort()].map((host) => {
    const { requests, requestsPerSecond, bytesPerSecond, reservePulls, patience } = policyOf(policies, host)
    const { pausedUntil, because } = states.find((state) => state.host === host) ?? {}
    const { host: _, ...answered } = answers.find((each) => each.host === host) ?? {}
    return {
      host,
      policy: { requests, requestsPerSecond, bytesPerSecond, reservePulls, patience },
      pausedUntil: pausedUntil === undefined ? undefined : new Date(pausedUntil),
      because: pausedUntil === undefined ? undefined : because,
      limits: limits.flatMap(({ host: of, ...limit }) => (of === host ? [limit] : [])),
      quotas: quotas.flatMap(({ host: of, ...quota }) => (of === host ? [quotaReport(quota)] : [])),
      ...('answers' in answered ? { answers: answered } : {}),
    }
  })
}

function quotaReport({ seenAt, asksAt, ...quota }: Omit<KnownQuota, 'host'>): QuotaReport {
  return {
    ...quota,
    seenAt: new Date(seenAt),
    asksAt: asksAt === undefined ? undefined : new Date(asksAt),
  }
}
