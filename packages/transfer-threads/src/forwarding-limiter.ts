import type { HostLimiter } from '@dist/remotes'
import type { Channel } from './channel.js'
import type {
  AcquireCall,
  AnsweredCall,
  BytesCall,
  FailedCall,
  GrantedPermit,
  PauseCall,
  ToldCall,
} from './protocol.js'

/** A thread reports the answers of a host at most once in this time, and the first one after a refusal. */
const reportIntervalMs = 1_000

/** A limiter that forwards all calls to the limiter of the main thread. */
export function forwardingLimiter(channel: Channel): HostLimiter {
  /** Time of the next report of an answer, by host, on the monotonic clock. */
  const due = new Map<string, number>()
  /** Hosts without a bound of bytes: the main thread need not be asked again. */
  const unbounded = new Set<string>()
  return {
    acquire: async (host, { signal, ...options } = {}) => {
      const call = { host, ...options } satisfies AcquireCall
      const { id, probes } = await channel.call<GrantedPermit>('acquire', call, signal)
      if (probes) due.delete(host)
      return { probes, release: () => void channel.call('release', id) }
    },
    failed: (host, because, options = {}) =>
      channel.call('failed', { host, because, options } satisfies FailedCall),
    answered: async (host, options) => {
      const now = performance.now()
      if (now < (due.get(host) ?? 0)) return
      due.set(host, now + reportIntervalMs)
      await channel.call('answered', { host, options } satisfies AnsweredCall)
    },
    pause: (host, milliseconds, because, options = {}) => {
      const call = { host, because, options, milliseconds }
      return channel.call('pause', call satisfies PauseCall)
    },
    refused: async (host, milliseconds, because, options = {}) => {
      const call = { host, because, options, milliseconds }
      due.delete(host)
      return await channel.call('refused', call satisfies PauseCall)
    },
    takeBytes: (host, bytes) => {
      if (unbounded.has(host)) return undefined
      return channel.call<boolean>('takeBytes', { host, bytes } satisfies BytesCall).then((isBounded) => {
        if (!isBounded) unbounded.add(host)
      })
    },
    admitPull: (host) => channel.call('admitPull', host),
    told: (host, quota) => channel.call('told', { host, quota } satisfies ToldCall),
    state: (host) => channel.call('state', host),
    states: () => channel.call('states', undefined),
    pullTurn: (host) => channel.call('pullTurn', host),
    quotas: () => channel.call('quotas', undefined),
    limits: () => channel.call('limits', undefined),
  }
}
