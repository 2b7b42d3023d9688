import { DistError } from '@dist/errdefs'
import type { Engine } from './engine.js'

/**
 * Records the id of the services' store, for those who submit. `INVALID_ARGUMENT`, naming both, when the services
 * of this queue have another one.
 */
export async function claimStore({ redis, keys, store }: Engine): Promise<void> {
  const [, recorded] = (await redis.multi().set(keys.store, store, 'NX').get(keys.store).exec()) ?? []
  const id = recorded?.[1]
  if (typeof id === 'string' && id !== store) {
    throw new DistError(
      'INVALID_ARGUMENT',
      `this service has store ${store}, the others of its queue have ${id}: all need the same, or queues of their own`,
    )
  }
}

/** Throws `INVALID_ARGUMENT` when a run means another store than the services have. */
export function checkStore(run: string, wanted: string, store: string): void {
  if (wanted === '' || wanted === store) return
  throw new DistError(
    'INVALID_ARGUMENT',
    `run ${run} is meant for store ${wanted}; the services have ${store}`,
  )
}
