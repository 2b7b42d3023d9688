import type { AnswerReport, HostReport, QuotaReport } from '@dist/remotes'
import { formatBytes, formatDuration } from '../output/format.js'
import type { Column } from '../output/table.js'

export const columns: readonly Column[] = [
  { title: 'HOST', cut: 'name', least: 16 },
  { title: 'WHAT' },
  { title: 'LIMIT', cut: 'end', least: 20 },
]

/** The rows of a host: its policy, what it has shown, its quotas, and its pause. */
export function rowsOf({
  host,
  policy,
  limits,
  quotas,
  answers,
  pausedUntil,
  because = '',
}: HostReport): string[][] {
  const rows = [
    ['policy', policyText(policy)],
    ...limits.map(({ kind = 'other', rate, requests }) => [kind, learnedText(rate, requests)]),
    ...quotas.map((quota) => ['quota', quotaText(quota)]),
    ...(answers === undefined ? [] : [['answers', answersText(answers)]]),
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

function answersText({ answers, refused, latency }: AnswerReport): string {
  const parts = [
    `${answers} in the last hour`,
    ...(refused === 0 ? [] : [`${refused} refused (429)`]),
    ...(latency === undefined ? [] : [`the first byte after ${latency} ms`]),
  ]
  return parts.join(', ')
}

function clock(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`
}
