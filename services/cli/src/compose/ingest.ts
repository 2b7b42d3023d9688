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
import { ThreadPool } from '../threads/pool.js'
import type { RequestSettings } from './remote.js'

/** Bytes that all transfers together may hold before they are written. */
const transferMemory = 64 * 1024 * 1024
/** From so many bytes asked for on, threads are worth their start. */
const threadsFrom = 32 * 1024 * 1024
/** Smaller blobs than this are through before a thread has heard of them. */
const threadBlob = 512 * 1024

export interface BlobIngest extends AsyncDisposable {
  blob(task: BlobTask, options: IngestOptions): Promise<IngestOutcome>
}

export interface IngestParts {
  store: LocalStore
  remote: Registry
  requests: RequestSettings
  /** Transfers at the same time. */
  concurrency: number
}

/** Brings blobs into a local store: in this thread, or spread over worker threads where there is much to move. */
export function openIngest({ store, remote, requests, concurrency }: IngestParts): BlobIngest {
  const { onRequest, ...settings } = requests
  const threads = new ThreadPool(
    { root: store.root, ...settings, verbose: onRequest !== undefined },
    remote,
    onRequest,
  )
  let asked = 0
  const transfer = async ({ desc, source }: BlobTask, options: IngestOptions) => {
    if (desc.size >= threadBlob && asked >= threadsFrom) {
      return threads.transfer(
        { desc, locator: source, endpoints: await remote.endpointsFor(source) },
        options,
      )
    }
    const parts = { fetcher: remote.fetcher(source), ingester: store.content }
    return (await transferBlob(desc, parts, options)) !== undefined
  }
  const dependencies = {
    // Within the process the digest's lock needs no disk: other processes are kept off by the store's own locks.
    locker: new MemoryLocker(),
    content: store.content,
    transfer,
    budget: new TransferBudget({ bytes: transferMemory, transfers: concurrency }),
  }
  return {
    blob: (task, options) => {
      asked += task.desc.size
      return ingestBlob(task, dependencies, options)
    },
    [Symbol.asyncDispose]: () => threads[Symbol.asyncDispose](),
  }
}
