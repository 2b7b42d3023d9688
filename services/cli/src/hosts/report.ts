import {
  type HostPolicies,
  type HostState,
  type KnownQuota,
  type LearnedLimit,
  policyOf,
} from '@dist/remotes'
import { formatBytes, formatDuration } from '../output/format.js'
import type { Column } from '../output/table.js'

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
}

interface QuotaReport {
  readonly source: string
  readonly remaining: number
  readonly limit?: number | undefined
  /** Milliseconds. */
  readonly window?: number | undefined
  readonly seenAt: Date
  readonly asksAt?: Date | undefined
}

interface Known {
  readonly policies: HostPolicies
  readonly states: readonly HostState[]
  readonly limits: readonly LearnedLimit[]
  readonly quotas: readonly KnownQuota[]
}

/** A report for all hosts together, and one for each host that is named or known. */
export function hostReports({ policies, states, limits, quotas }: Known): HostReport[] {
  const named = Object.keys(policies.hosts ?? {})
  const all = [...named, ...[...states, ...limits, ...quotas].map(({ host }) => host)]
  return ['*', ...[...new Set(all)].sort()].map((host) => {
    const { requests, requestsPerSecond, bytesPerSecond, reservePulls, patience } = policyOf(policies, host)
    const { pausedUntil, because } = states.find((state) => state.host === host) ?? {}
    return {
      host,
      policy: { requests, requestsPerSecond, bytesPerSecond, reservePulls, patience },
      pausedUntil: pausedUntil === undefined ? undefined : new Date(pausedUntil),
      because: pausedUntil === undefined ? undefined : because,
      limits: limits.flatMap(({ host: of, ...limit }) => (of === host ? [limit] : [])),
      quotas: quotas.flatMap(({ host: of, ...quota }) => (of === host ? [quotaReport(quota)] : [])),
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

export const columns: readonly Column[] = [
  { title: 'HOST', cut: 'name', least: 16 },
  { title: 'WHAT' },
  { title: 'LIMIT', cut: 'end', least: 20 },
]

/** The rows of a host: its policy, what it has shown, its quotas, and its pause. */
export function rowsOf({ host, policy, limits, quotas, pausedUntil, because = '' }: HostReport): string[][] {
  const rows = [
    ['policy', policyText(policy)],
    ...limits.map(({ kind = 'other', rate, requests }) => [kind, learnedText(rate, requests)]),
    ...quotas.map((quota) => ['quota', quotaText(quota)]),
    ...(pausedUntil === undefined ? [] : [['paused', `until ${clock(pausedUntil)}: ${because}`]]),
  ]
  return rows.map((row) => [host, ...row])
}

function policyText(policy: HostReport['policy']): string {
  const { requests, requestsPerSecond, bytesPerSecond, reservePulls, patience } = policy
  const parts = [
    `${requests} requests in flight`,
    ...(requestsPerSecond === undefined ? [] : [`${requestsPerSecond} a second`]),
    ...(bytesPerSecond === undefined ? [] : [`${formatBytes(bytesPerSecond)} a second`]),
    ...(reservePulls === 0 ? [] : [`${reservePulls} pulls in reserve`]),
    `patience ${formatDuration(patience)}`,
  ]
  return parts.join(', ')
}

function learnedText(rate: number | undefined, requests: number | undefined): string {
  const parts = [
    ...(rate === undefined ? [] : [`${rate.toFixed(1)} requests a second`]),
    ...(requests === undefined ? [] : [`${requests} in flight`]),
  ]
  return `${parts.join(', ')}, learned from its answers`
}

function quotaText({ source, remaining, limit, window, seenAt, asksAt }: QuotaReport): string {
  const left = `${remaining}${limit === undefined ? '' : ` of ${limit}`} pulls left`
  const per = window === undefined ? '' : ` in ${formatDuration(window)}`
  const whose = source === '' ? '' : ` for ${source}`
  const waits = asksAt === undefined ? '' : `; pulls wait, asked again at ${clock(asksAt)}`
  return `${left}${per}${whose}, told at ${clock(seenAt)}${waits}`
}

function clock(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`
}
