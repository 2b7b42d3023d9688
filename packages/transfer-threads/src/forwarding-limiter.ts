import type { HostLimiter } from '@dist/remotes'
import type { Channel } from './channel.js'
import type { AcquireCall, FailedCall, GrantedPermit, PauseCall } from './protocol.js'

/** A thread reports the answers of a host at most once in this time. */
const reportIntervalMs = 1_000

/** A limiter that forwards all calls to the limiter of the main thread. */
export function forwardingLimiter(channel: Channel): HostLimiter {
  /** Time of the next report of an answer, by host, on the monotonic clock. */
  const due = new Map<string, number>()
  return {
    acquire: async (host, { signal, ...options } = {}) => {
      const call = { host, ...options } satisfies AcquireCall
      const { id, probes } = await channel.call<GrantedPermit>('acquire', call, signal)
      if (probes) due.delete(host)
      return { probes, release: () => void channel.call('release', id) }
    },
    failed: (host, because, options = {}) =>
      channel.call('failed', { host, because, options } satisfies FailedCall),
    answered: async (host) => {
      const now = performance.now()
      if (now < (due.get(host) ?? 0)) return
      due.set(host, now + reportIntervalMs)
      await channel.call('answered', host)
    },
    pause: (host, milliseconds, because, options = {}) => {
      const call = { host, because, options, milliseconds }
      return channel.call('pause', call satisfies PauseCall)
    },
    state: (host) => channel.call('state', host),
    states: () => channel.call('states', undefined),
  }
}
