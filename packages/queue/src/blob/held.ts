import { isUnavailable } from '@dist/errdefs'
import type { AcquireOptions, Lock, Locker } from '@dist/locks'

/** Somebody else works on the same content. */
export class HeldElsewhere extends Error {}

/** Asks once for a lock: who waits for one would keep a place that another blob could have. */
export function asking(locker: Locker): Locker {
  return {
    acquire: async (key: string, options: AcquireOptions = {}): Promise<Lock> => {
      try {
        return await locker.acquire(key, { ...options, wait: 0 })
      } catch (error) {
        if (isUnavailable(error)) throw new HeldElsewhere(key, { cause: error })
        throw error
      }
    },
  }
}
