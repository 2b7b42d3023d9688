import { DistError, reword } from '@dist/errdefs'
import { type ServiceHost, throttledLogger } from '@dist/service'
import type { Settings } from '@dist/settings'
import { retryUntilAvailable } from '../retry-until-available.js'
import { type OpenedStore, openStore } from '../store.js'

type ReadSettings = Pick<Settings<'registry'>, 'store' | 's3Requests' | 'redirectEndpoint' | 'queue'>

/**
 * Opens the store of a service that only reads. Waits for an unavailable store, and logs and reports that; with a queue, also for a
 * store that does not exist yet, because the services of the queue create it. Throws errors that waiting does not help, as
 * `openStore`.
 */
export async function openStoreToRead(
  { store, s3Requests: requests, redirectEndpoint: presignEndpoint, queue }: ReadSettings,
  { log, context: { env, signal }, reportWaiting }: ServiceHost,
): Promise<OpenedStore> {
  const throttled = throttledLogger(log)
  const onUnavailable = (error: unknown) => {
    throttled.warn('waiting for the store', { error })
    reportWaiting(error)
  }
  const open = () => openStore({ store }, env, { requests, presignEndpoint })
  const openCreated = () =>
    open().catch((error: unknown) => {
      if (!(error instanceof DistError && error.code === 'NOT_FOUND')) throw error
      throw reword(error, error.message, { retryable: true })
    })
  return await retryUntilAvailable(queue === undefined ? open : openCreated, { signal, onUnavailable })
}
