import { throwIfAborted } from '@dist/errdefs'
import { type Admission, HostHealth, type SharedTrouble } from './health.js'
import type { HostLimiter, Permit } from './limiter.js'
import { type HostPolicy, hostPolicy } from './policy.js'
import { Slots } from './slots.js'

/** A limiter that also takes over what other processes report. */
export interface LocalHostLimiter extends HostLimiter {
  learn(host: string, trouble: SharedTrouble): void
  forget(host: string): void
}

/** A limiter for one process. */
export function createHostLimiter(policy: Partial<HostPolicy> = {}): LocalHostLimiter {
  const { requests, ...rest } = hostPolicy(policy)
  const lanes = new Map<string, Map<string, Slots>>()
  const health = new HostHealth({ requests, ...rest }, (host) => {
    const paused = health.pausedError(host)
    if (paused !== undefined) for (const slots of lanes.get(host)?.values() ?? []) slots.refuse(paused)
  })
  const slotsOf = (host: string, lane: string): Slots => {
    const ofHost = lanes.get(host) ?? new Map<string, Slots>()
    lanes.set(host, ofHost)
    const slots = ofHost.get(lane) ?? new Slots(requests)
    ofHost.set(lane, slots)
    return slots
  }
  const permit = (host: string, { probes, end }: Admission, free: () => void): Permit => {
    let held = true
    const release = () => {
      if (!held) return
      held = false
      free()
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
        return permit(host, admission, await slotsOf(host, lane).take(signal))
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
