import { DistError } from '@dist/errdefs'
import type { Engine } from './engine.js'

/**
 * Records the id of the services' store, for clients that submit. `INVALID_ARGUMENT`, naming both, when the services
 * of this queue have another store.
 */
export async function claimStore({ redis, keys, store }: Engine): Promise<void> {
  const [, recorded] = (await redis.multi().set(keys.store, store, 'NX').get(keys.store).exec()) ?? []
  const id = recorded?.[1]
  if (typeof id === 'string' && id !== store) {
    throw new DistError(
      'INVALID_ARGUMENT',
      `this service has store ${store}, the other services of its queue have ${id}: use one store, or another queue`,
    )
  }
}

/** Throws `INVALID_ARGUMENT` when a run is for another store than the services have. */
export function checkStore(run: string, expected: string, store: string): void {
  if (expected === '' || expected === store) return
  throw new DistError('INVALID_ARGUMENT', `run ${run} is for store ${expected}, the services have ${store}`)
}
