import { openTransfers, type RequestSettings, type Store } from '@dist/composition'
import { MemoryLocker } from '@dist/locks'
import {
  type BlobTask,
  has,
  type IngestOptions,
  type IngestOutcome,
  ingestBlob,
  TransferBudget,
} from '@dist/mirror'
import type { Registry } from '@dist/remotes-registry'

/** Bytes that all transfers together may hold before they are written. */
const transferMemory = 64 * 1024 * 1024

export interface BlobIngest extends AsyncDisposable {
  blob(task: BlobTask, options: IngestOptions): Promise<IngestOutcome>
}

export interface IngestParts {
  store: Store
  remote: Registry
  requests: RequestSettings
  /** Transfers at the same time. */
  concurrency: number
}

/** Brings blobs into a store, for the embedded engine. */
export function openIngest({ store, remote, requests, concurrency }: IngestParts): BlobIngest {
  const transfers = openTransfers(store, remote, requests)
  const dependencies = {
    // Within the process the digest's lock needs no disk: other processes are kept off by the store's own locks.
    locker: new MemoryLocker(),
    present: ({ desc }: BlobTask) => has(store.content, desc),
    transfer: transfers.transfer,
    budget: new TransferBudget({ bytes: transferMemory, transfers: concurrency }),
  }
  return {
    blob: (task, options) => {
      transfers.announce(task.desc.size)
      return ingestBlob(task, dependencies, options)
    },
    [Symbol.asyncDispose]: () => transfers[Symbol.asyncDispose](),
  }
}
