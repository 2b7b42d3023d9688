import { DistError } from '@dist/errdefs'
import type { Locker } from '@dist/locks'
import type { Descriptor } from '@dist/oci'
import type { Locator } from '@dist/reference'
import type { Budget } from './budget.js'

/** One blob to be brought from a repository into the target. Plain data: it crosses threads and queues. */
export interface BlobTask {
  readonly desc: Descriptor
  readonly source: Locator
  /** The repository that it goes to. Default: the store. */
  readonly to?: Locator | undefined
  /** A repository of the destination's registry that is expected to hold the blob. */
  readonly mountFrom?: string | undefined
  /** The target was said to have it, and has not: it is sent, whatever is known or said of it. Default: false. */
  readonly again?: boolean | undefined
}

export interface IngestDependencies {
  /** One holder at a time fetches a digest. */
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

/** The memory that one transfer under way may hold, in bytes: what is gathered before it is written. */
export const transferMemory = 4 * 1024 * 1024

/**
 * Brings one blob in: takes the digest's lock, looks again, fetches, verifies, commits. However often and by
 * however many it is called, the content is right; the lock only spares a second download.
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
  const signal = options.signal === undefined ? lock.signal : AbortSignal.any([options.signal, lock.signal])
  try {
    using _granted = await budget.acquire(Math.min(task.desc.size, transferMemory), {
      signal,
      host: task.source.host,
    })
    return await transfer(task, { ...options, signal })
  } catch (error) {
    if (!lock.signal.aborted || options.signal?.aborted) throw error
    throw new DistError(
      'UNAVAILABLE',
      `${task.desc.digest}: the lock was lost before the content was there`,
      {
        cause: error,
      },
    )
  }
}

/** One for a whole registry: what is there in one repository, another can be given without a transfer. */
function lockKey({ desc, to }: BlobTask): string {
  return to === undefined ? `blob-${desc.digest}` : `blob-${desc.digest}@${to.host}`
}
