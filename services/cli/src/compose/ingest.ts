import type { LocalStore } from '@dist/content-local'
import { MemoryLocker } from '@dist/locks'
import {
  type BlobTask,
  type IngestOptions,
  type IngestOutcome,
  ingestBlob,
  TransferBudget,
  transferBlob,
} from '@dist/mirror'
import type { Registry } from '@dist/remotes-registry'

/** Bytes that all transfers together may hold before they are written. */
const transferMemory = 64 * 1024 * 1024

export interface BlobIngest extends AsyncDisposable {
  blob(task: BlobTask, options: IngestOptions): Promise<IngestOutcome>
}

export interface IngestParts {
  store: LocalStore
  remote: Registry
  /** Transfers at the same time. */
  concurrency: number
}

/** Brings blobs into a local store: in this thread, or spread over worker threads where there is much to move. */
export function openIngest({ store, remote, concurrency }: IngestParts): BlobIngest {
  const transfer = async (task: BlobTask, options: IngestOptions) => {
    const source = { fetcher: remote.fetcher(task.source), ingester: store.content }
    return (await transferBlob(task.desc, source, options)) !== undefined
  }
  // Within the process the digest's lock needs no disk: other processes are kept off by the store's own locks.
  const dependencies = {
    locker: new MemoryLocker(),
    content: store.content,
    transfer,
    budget: new TransferBudget({ bytes: transferMemory, transfers: concurrency }),
  }
  return {
    blob: (task, options) => ingestBlob(task, dependencies, options),
    [Symbol.asyncDispose]: async () => {},
  }
}
