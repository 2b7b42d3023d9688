import { setTimeout as delay } from 'node:timers/promises'
import { status } from './faults.js'
import type { Fault } from './script.js'

export interface BucketOptions {
  /** Tokens that come per second. A function for a limit that changes. */
  readonly perSecond: number | (() => number)
  /** Tokens that the bucket holds. It is full at first. */
  readonly burst: number
  /** Milliseconds before a proper answer. Default: 0. */
  readonly latency?: number | undefined
}

/** An answer of a registry that limits requests. */
export interface LimitedAnswer {
  /** By the monotonic clock, in milliseconds. */
  readonly at: number
  readonly isRefused: boolean
  /** Milliseconds until the answer. */
  readonly took: number
}

/** A registry's limit as a token bucket: 429 with `Retry-After: 1` when it is empty. Records each answer in `answers`. */
export function tokenBucket(options: BucketOptions, answers: LimitedAnswer[] = []): Fault {
  const { perSecond, burst, latency = 0 } = options
  const refused = status(429, { 'retry-after': '1' })
  let tokens = burst
  let filledAt = performance.now()
  return async (request, proper) => {
    const at = performance.now()
    const rate = typeof perSecond === 'number' ? perSecond : perSecond()
    tokens = Math.min(burst, tokens + ((at - filledAt) * rate) / 1000)
    filledAt = at
    const isRefused = tokens < 1
    answers.push({ at, isRefused, took: isRefused ? 0 : latency })
    if (isRefused) return refused(request, proper)
    tokens--
    if (latency > 0) await delay(latency)
    return proper()
  }
}

export interface WorkbenchOptions {
  /** Requests that are worked on at the same time. A function for a registry that changes. */
  readonly atOnce: () => number
  /** Milliseconds that one takes. */
  readonly milliseconds: number
}

/** A registry that answers later instead of refusing: more requests than it works on wait. Records each answer in `answers`. */
export function workbench(options: WorkbenchOptions, answers: LimitedAnswer[] = []): Fault {
  const { atOnce, milliseconds } = options
  const waiting: (() => void)[] = []
  let running = 0
  return async (_request, proper) => {
    const at = performance.now()
    if (running >= atOnce()) await new Promise<void>((resolve) => waiting.push(resolve))
    running++
    await delay(milliseconds)
    running--
    if (running < atOnce()) waiting.shift()?.()
    const answeredAt = performance.now()
    answers.push({ at: answeredAt, isRefused: false, took: answeredAt - at })
    return proper()
  }
}

/** A quota of pulls as Docker Hub has it: the test may change it. */
export interface PullQuota {
  limit: number
  remaining: number
  /** Default: an address. */
  source?: string | undefined
}

/** Counts GETs of manifests, tells the quota by headers, and refuses what exceeds it by 429 with a text. HEADs are free. */
export function pullQuota(quota: PullQuota): Fault {
  const refused = status(
    429,
    { 'content-type': 'text/plain' },
    'toomanyrequests: You have reached your pull rate limit',
  )
  return async (request, proper) => {
    const isRefused = request.method === 'GET' && quota.remaining <= 0
    if (request.method === 'GET') quota.remaining = Math.max(0, quota.remaining - 1)
    const headers = {
      'ratelimit-limit': `${quota.limit};w=21600`,
      'ratelimit-remaining': `${quota.remaining};w=21600`,
      'docker-ratelimit-source': quota.source ?? '203.0.113.7',
    }
    const answer = await (isRefused ? refused(request, proper) : proper())
    return { ...answer, headers: { ...answer.headers, ...headers } }
  }
}
