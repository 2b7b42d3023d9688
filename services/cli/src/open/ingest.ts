import { hadRecently, type Store } from '@dist/content'
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
import type { openPushes as OpenPushes, Pushes, RequestSettings } from '@dist/wiring'
import { defaultConcurrency } from '../options.js'

/** Bytes in memory, of all transfers from one host, that are not written yet. */
const transferMemory = 64 * 1024 * 1024

/** Brings one blob to its destination, for the embedded engine. */
export type Ingest = (task: BlobTask, options: IngestOptions) => Promise<Outcome>

export interface BlobIngest extends AsyncDisposable {
  readonly blob: Ingest
}

export interface IngestParts {
  store: Store
  remote: Registry
  requests: RequestSettings
  /** Transfers at the same time from each host. Default: `defaultConcurrency`. */
  concurrency: number | undefined
}

/** Opens what fetches blobs into a store. */
export async function openIngest({ store, remote, requests, concurrency }: IngestParts): Promise<BlobIngest> {
  const { openTransfers } = await import('@dist/wiring')
  const transfers = openTransfers(store, remote, requests, { alone: true })
  const ingest = ingestInto(
    {
      isPresent: ({ desc }) => hadRecently(store.content, desc),
      // It was asked for a moment ago.
      transfer: (task, options) => transfers.transfer(task, { ...options, absent: true }),
    },
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

/** Opens what sends blobs to registries. As `openPushes` of `@dist/wiring`, which is loaded only now. */
export async function openPushes(
  remote: Registry,
  options?: Parameters<typeof OpenPushes>[1],
): Promise<Pushes> {
  const wiring = await import('@dist/wiring')
  return wiring.openPushes(remote, options)
}

/** Sends blobs to registries. */
export function pushIngest(pushes: Pushes, concurrency: number | undefined): Ingest {
  return ingestInto(
    {
      // Planning has just asked the registry. Only blobs that this process has sent since then can be new.
      isPresent: async (task) => pushes.isKnown(pushTask(task)),
      transfer: (task, options) => pushes.transfer(pushTask(task), options),
    },
    concurrency,
  )
}

function ingestInto(
  into: Pick<IngestDependencies, 'isPresent' | 'transfer'>,
  concurrency = defaultConcurrency,
): Ingest {
  const dependencies = {
    ...into,
    // A lock in memory is enough within one process: the store locks against other processes.
    locker: new MemoryLocker(),
    budget: new HostBudgets({ bytes: transferMemory, transfers: concurrency }),
  }
  return (task, options) => ingestBlob(task, dependencies, options)
}

function pushTask(task: BlobTask): PushTask {
  const { to } = task
  if (to === undefined)
    throw new DistError('INTERNAL', `blob ${task.desc.digest}: the task names no destination`)
  return { ...task, to }
}
