import { throwIfAborted } from '@dist/errdefs'
import type { Traffic } from './adapt/traffic.js'
import { type Admission, HostHealth, type SharedTrouble } from './health.js'
import { HostTraffic } from './host-traffic.js'
import {
  type AcquireOptions,
  defaultOwnWait,
  type HostLane,
  type HostLimiter,
  longestOwnWait,
  type Permit,
  type RequestClass,
  type RequestKind,
} from './limiter.js'
import { type HostPolicies, type HostState, policyOf } from './policy.js'
import { Pulls } from './quota/pulls.js'

export interface LocalAcquireOptions extends AcquireOptions {
  /** Slots and rates are given elsewhere, for several processes: here they are only counted. Default: false. */
  readonly shared?: boolean | undefined
}

/** A limiter that also takes over what other processes report. */
export interface LocalHostLimiter extends HostLimiter {
  acquire(host: string, options?: LocalAcquireOptions): Promise<Permit>
  learn(host: string, trouble: SharedTrouble): void
  forget(host: string): void
  /** The requests of a class, as this process sees them. */
  traffic(host: string, about: RequestClass): Traffic
  /** The quotas as this process sees them. */
  readonly pulls: Pulls
}

/** More hosts than this are forgotten as soon as they have no request: redirects lead to any number of them. */
const mostHosts = 1_000

/** The kind of a request that names only its lane. */
export function kindOf(lane: HostLane): RequestKind {
  return lane === 'requests' ? 'other' : lane
}

/** A limiter for one process. */
export function createHostLimiter(policy: HostPolicies = {}): LocalHostLimiter {
  const hosts = new Map<string, HostTraffic>()
  const health = new HostHealth(
    (host) => policyOf(policy, host),
    (host) => {
      const paused = health.pausedError(host)
      if (paused !== undefined) hosts.get(host)?.refuse(paused)
    },
  )
  const pulls = new Pulls((host) => policyOf(policy, host))
  const stateOf = (host: string): HostState => {
    const quota = pulls.known(host)
    return quota?.asksAt === undefined ? health.state(host) : { ...health.state(host), quota }
  }
  const trafficOf = (host: string): HostTraffic => {
    const known = hosts.get(host) ?? new HostTraffic(host, policyOf(policy, host))
    hosts.set(host, known)
    return known
  }
  const permit = (host: string, { probes, end }: Admission, free: () => void): Permit => {
    let held = true
    const release = () => {
      if (!held) return
      held = false
      free()
      end()
      if (hosts.size > mostHosts && hosts.get(host)?.idle) hosts.delete(host)
    }
    return { probes, release }
  }
  const pause: HostLimiter['pause'] = async (host, milliseconds, because, options = {}) =>
    health.pause(host, milliseconds, because, options)
  return {
    acquire: async (host, { signal, lane = 'requests', shared = false, kind, account } = {}) => {
      throwIfAborted(signal)
      const admission = health.admit(host)
      try {
        const about = { kind: kind ?? kindOf(lane), account }
        const check = () => {
          const paused = admission.probes ? undefined : health.pausedError(host)
          if (paused !== undefined) throw paused
        }
        return permit(host, admission, await trafficOf(host).enter({ signal, lane, shared, check, ...about }))
      } catch (error) {
        admission.end()
        throw error
      }
    },
    failed: async (host, because, options = {}) => health.failed(host, because, options),
    answered: async (host, { latency, ...about } = {}) => {
      trafficOf(host).traffic(about).answered(latency)
      health.answered(host)
    },
    pause,
    refused: async (host, milliseconds, because, { after = 0, ...about } = {}) => {
      const traffic = trafficOf(host).traffic(about)
      const isOfRate = traffic.isOfRate(after)
      if (!isOfRate || (milliseconds ?? 0) > longestOwnWait) {
        await pause(host, milliseconds, because, { after })
        return undefined
      }
      traffic.slowDown(after)
      health.answered(host)
      return milliseconds ?? defaultOwnWait
    },
    takeBytes: (host, bytes) => trafficOf(host).takeBytes(bytes),
    admitPull: async (host) => pulls.admit(host),
    told: async (host, quota) => pulls.told(host, quota),
    state: async (host) => stateOf(host),
    states: async () => {
      const waiting = pulls.all.filter(({ asksAt }) => asksAt !== undefined)
      const names = [...health.states(), ...waiting].map(({ host }) => host)
      return [...new Set(names)].map(stateOf)
    },
    pullTurn: async (host) => pulls.turn(host),
    quotas: async () => pulls.all,
    limits: async () => [...hosts.values()].flatMap((traffic) => traffic.learned),
    pulls,
    learn: (host, trouble) => health.learn(host, trouble),
    forget: (host) => health.forget(host),
    traffic: (host, about) => trafficOf(host).traffic(about),
  }
}
