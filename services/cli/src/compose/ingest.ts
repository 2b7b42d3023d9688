import { has } from '@dist/content'
import { DistError } from '@dist/errdefs'
import { MemoryLocker } from '@dist/locks'
import {
  type BlobTask,
  HostBudgets,
  type IngestDependencies,
  type IngestOptions,
  ingestBlob,
  type Outcome,
  type PushTask,
} from '@dist/mirror'
import type { Registry } from '@dist/registry-client'
import { openTransfers, type Pushes, type RequestSettings, type Store } from '@dist/wiring'

/** Bytes that the transfers from one host may hold before they are written. */
const transferMemory = 64 * 1024 * 1024

/** Brings one blob in, for the embedded engine. */
export type Ingest = (task: BlobTask, options: IngestOptions) => Promise<Outcome>

export interface BlobIngest extends AsyncDisposable {
  readonly blob: Ingest
}

export interface IngestParts {
  store: Store
  remote: Registry
  requests: RequestSettings
  /** Transfers at the same time. */
  concurrency: number
}

/** Brings blobs into a store. */
export function openIngest({ store, remote, requests, concurrency }: IngestParts): BlobIngest {
  const transfers = openTransfers(store, remote, requests)
  const ingest = ingestInto(
    { isPresent: ({ desc }) => has(store.content, desc), transfer: transfers.transfer },
    concurrency,
  )
  return {
    blob: (task, options) => {
      transfers.announce(task.desc.size)
      return ingest(task, options)
    },
    [Symbol.asyncDispose]: () => transfers[Symbol.asyncDispose](),
  }
}

/** Brings blobs into registries. */
export function pushIngest(pushes: Pushes, concurrency: number): Ingest {
  return ingestInto(
    {
      // Planning has just asked the registry: only what came since is of interest.
      isPresent: async (task) => pushes.isKnown(pushTask(task)),
      transfer: (task, options) => pushes.transfer(pushTask(task), options),
    },
    concurrency,
  )
}

function ingestInto(into: Pick<IngestDependencies, 'isPresent' | 'transfer'>, concurrency: number): Ingest {
  const dependencies = {
    ...into,
    // Within the process the digest's lock needs no disk: other processes are kept off by the store's own locks.
    locker: new MemoryLocker(),
    budget: new HostBudgets({ bytes: transferMemory, transfers: concurrency }),
  }
  return (task, options) => ingestBlob(task, dependencies, options)
}

function pushTask(task: BlobTask): PushTask {
  const { to } = task
  if (to === undefined) throw new DistError('INTERNAL', `${task.desc.digest} goes nowhere`)
  return { ...task, to }
}
