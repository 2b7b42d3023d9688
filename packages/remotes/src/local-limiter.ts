import { throwIfAborted } from '@dist/errdefs'
import { type Admission, HostHealth, type SharedTrouble } from './health.js'
import type { HostLimiter, Permit } from './limiter.js'
import { Places } from './places.js'
import { type HostPolicy, hostPolicy } from './policy.js'

/** A limiter that takes over what other processes have found out. */
export interface LocalHostLimiter extends HostLimiter {
  learn(host: string, trouble: SharedTrouble): void
  forget(host: string): void
}

/** A limiter for those in this process. */
export function createHostLimiter(policy: Partial<HostPolicy> = {}): LocalHostLimiter {
  const { requests, ...rest } = hostPolicy(policy)
  const lanes = new Map<string, Map<string, Places>>()
  const health = new HostHealth({ requests, ...rest }, (host) => {
    const paused = health.pausedError(host)
    if (paused !== undefined) for (const places of lanes.get(host)?.values() ?? []) places.refuse(paused)
  })
  const placesAt = (host: string, lane: string): Places => {
    const ofHost = lanes.get(host) ?? new Map<string, Places>()
    lanes.set(host, ofHost)
    const places = ofHost.get(lane) ?? new Places(requests)
    ofHost.set(lane, places)
    return places
  }
  const permit = (host: string, { probes, end }: Admission, giveBack: () => void): Permit => {
    let held = true
    const release = () => {
      if (!held) return
      held = false
      giveBack()
      end()
      const ofHost = lanes.get(host)
      if (ofHost !== undefined && [...ofHost.values()].every(({ idle }) => idle)) lanes.delete(host)
    }
    return { probes, release }
  }
  return {
    acquire: async (host, { signal, lane = 'requests' } = {}) => {
      throwIfAborted(signal)
      const admission = health.admit(host)
      try {
        return permit(host, admission, await placesAt(host, lane).take(signal))
      } catch (error) {
        admission.end()
        throw error
      }
    },
    failed: async (host, because, options = {}) => health.failed(host, because, options),
    answered: async (host) => health.answered(host),
    pause: async (host, milliseconds, because, options = {}) =>
      health.pause(host, milliseconds, because, options),
    state: async (host) => health.state(host),
    states: async () => health.states(),
    learn: (host, trouble) => health.learn(host, trouble),
    forget: (host) => health.forget(host),
  }
}
