import { Histogram, type Registry } from 'prom-client'

/** A call of the store, at its end. */
interface StoreCall {
  readonly operation: string
  readonly failed: boolean
  readonly milliseconds: number
}

/** Seconds: from a call in memory to the completion of a large upload. */
const buckets = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60]

/** Adds the latency of the store's operations. */
export function measureStore(registry: Registry): (call: StoreCall) => void {
  const seconds = new Histogram({
    name: 'dist_store_operation_duration_seconds',
    help: 'Time of the operations of the store, by operation and result (done, failed).',
    labelNames: ['operation', 'result'] as const,
    buckets,
    registers: [registry],
  })
  return ({ operation, failed, milliseconds }) =>
    seconds.observe({ operation, result: failed ? 'failed' : 'done' }, milliseconds / 1_000)
}

/** Adds the time for which jobs wait for the lock of a digest. */
export function measureLocks(registry: Registry): (milliseconds: number, isAcquired: boolean) => void {
  const seconds = new Histogram({
    name: 'dist_lock_wait_seconds',
    help: 'Time until a lock of a digest was acquired, or found to be held by another worker, which delays the job.',
    labelNames: ['result'] as const,
    buckets,
    registers: [registry],
  })
  return (milliseconds, isAcquired) =>
    seconds.observe({ result: isAcquired ? 'acquired' : 'held' }, milliseconds / 1_000)
}
