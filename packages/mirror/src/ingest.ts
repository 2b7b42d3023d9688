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
  /** A repository of the same registry that is said to hold it. */
  readonly at?: string | undefined
  /** The target was said to have it, and has not: it is sent, whatever is known or said of it. Default: false. */
  readonly again?: boolean | undefined
}

export interface IngestDependencies {
  /** One holder at a time fetches a digest. */
  locker: Locker
  /** Tells whether the target is known to have the blob already; what it does not know the transfer finds out. */
  present: (task: BlobTask, options: IngestOptions) => Promise<boolean>
  /** Moves the bytes; resolves to false when the content turned out to be there. */
  transfer: (task: BlobTask, options: IngestOptions) => Promise<boolean>
  budget: Budget
}

export interface IngestOptions {
  signal?: AbortSignal | undefined
  onProgress?: ((offset: number) => void) | undefined
  /** As in `TransferOptions`. */
  onArrived?: (() => Promise<void>) | undefined
}

/** `present`: it was there, or somebody else was first. */
export type IngestOutcome = 'fetched' | 'present'

/** The memory that one transfer under way may hold, in bytes: what is gathered before it is written. */
const transferMemory = 4 * 1024 * 1024

/**
 * Brings one blob in: takes the digest's lock, looks again, fetches, verifies, commits. However often and by
 * however many it is called, the content is right; the lock only spares a second download.
 */
export async function ingestBlob(
  task: BlobTask,
  dependencies: IngestDependencies,
  options: IngestOptions = {},
): Promise<IngestOutcome> {
  const { locker, present, transfer, budget } = dependencies
  const outer = { signal: options.signal }
  await using lock = await locker.acquire(lockKey(task), outer)
  if (task.again !== true && (await present(task, outer))) return 'present'
  const signal = options.signal === undefined ? lock.signal : AbortSignal.any([options.signal, lock.signal])
  try {
    using _granted = await budget.acquire(Math.min(task.desc.size, transferMemory), {
      signal,
      host: task.source.host,
    })
    return (await transfer(task, { ...options, signal })) ? 'fetched' : 'present'
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
