import { DistError, linkSignals } from '@dist/errdefs'
import type { Locker } from '@dist/locks'
import type { Descriptor } from '@dist/oci'
import type { Locator } from '@dist/reference'
import type { Budget } from './budget.js'

/** One blob to bring from a repository into the target. Plain data, for threads and queues. */
export interface BlobTask {
  readonly desc: Descriptor
  readonly source: Locator
  /** The destination repository. Default: the store. */
  readonly to?: Locator | undefined
  /** A repository of the destination's registry that is expected to hold the blob. */
  readonly mountFrom?: string | undefined
  /** Send it even if it seems to be there: the registry has refused a manifest because it lacks the blob. Default: false. */
  readonly again?: boolean | undefined
}

export interface IngestDependencies {
  /** Only the holder of a lock fetches its digest. */
  locker: Locker
  /** Whether the target is known to have the blob. False for a blob whose state is not known. */
  isPresent: (task: BlobTask, options: IngestOptions) => Promise<boolean>
  /** Moves the bytes, unless the target turns out to have the content. */
  transfer: (task: BlobTask, options: IngestOptions) => Promise<Outcome>
  budget: Budget
}

export interface IngestOptions {
  signal?: AbortSignal | undefined
  onProgress?: ((offset: number) => void) | undefined
  /** As in `TransferOptions`. */
  onArrived?: (() => Promise<void>) | undefined
}

/** How content came into a target. `fetched`: this call moved its bytes. `present`: the target had it already. */
export type Outcome = 'fetched' | 'present'

/** Bytes that one transfer may hold in memory before it writes them. */
export const transferMemory = 4 * 1024 * 1024

/**
 * Brings one blob into the target: takes the lock of the digest, checks that the blob is still missing, transfers and
 * verifies it. Concurrent calls are safe; the lock only prevents a second download.
 */
export async function ingestBlob(
  task: BlobTask,
  dependencies: IngestDependencies,
  options: IngestOptions = {},
): Promise<Outcome> {
  const { locker, isPresent, transfer, budget } = dependencies
  const outer = { signal: options.signal }
  await using lock = await locker.acquire(lockKey(task), outer)
  if (task.again !== true && (await isPresent(task, outer))) return 'present'
  using either = lock.signal === undefined ? undefined : linkSignals(options.signal, lock.signal)
  const signal = either?.signal ?? options.signal
  try {
    using _granted = await budget.acquire(Math.min(task.desc.size, transferMemory), {
      signal,
      host: task.source.host,
    })
    return await transfer(task, { ...options, signal })
  } catch (error) {
    if (lock.signal?.aborted !== true || options.signal?.aborted) throw error
    throw new DistError('UNAVAILABLE', `${task.desc.digest}: lock lost before the transfer ended`, {
      cause: error,
    })
  }
}

/** One lock for a whole registry: a blob in one repository can be mounted into another. */
function lockKey({ desc, to }: BlobTask): string {
  return to === undefined ? `blob-${desc.digest}` : `blob-${desc.digest}@${to.host}`
}
