import type { Lock, Locker } from './locker.js'

/** A locker that reports how long each `acquire` took, and whether it got the lock. */
export function measuredLocker<Held extends Lock>(
  locker: Locker<Held>,
  onAcquire: (milliseconds: number, isAcquired: boolean) => void,
): Locker<Held> {
  return {
    acquire: async (key, options) => {
      const startedAt = performance.now()
      let isAcquired = false
      try {
        const lock = await locker.acquire(key, options)
        isAcquired = true
        return lock
      } finally {
        onAcquire(performance.now() - startedAt, isAcquired)
      }
    },
  }
}
