import type { HostLimiter } from '@dist/remotes'
import type { Channel } from './channel.js'
import type { AcquireCall, FailedCall, GrantedPermit, PauseCall } from './protocol.js'

/** So often a thread says again that a host answers, in milliseconds. */
const sayAgain = 1_000

/** The main thread's limiter, as a thread asks it. */
export function forwardingLimiter(channel: Channel): HostLimiter {
  /** When the main thread is to hear of the next answer, by the monotonic clock. */
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
      due.set(host, now + sayAgain)
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
