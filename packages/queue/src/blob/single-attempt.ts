import { isUnavailable } from '@dist/errdefs'
import type { AcquireOptions, Lock, Locker } from '@dist/locks'

/** Another process holds the lock of the same content. */
export class HeldElsewhere extends Error {}

/** Tries once for a lock and throws `HeldElsewhere`: a job that waited would keep a slot that another blob could use. */
export function singleAttempt(locker: Locker): Locker {
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
