import type { Ingester } from '@dist/content'
import { type BlobTask, type IngestOptions, type Outcome, transferBlob } from '@dist/mirror'
import type { Registry } from '@dist/registry-client'
import { ThreadPool } from '@dist/transfer-threads'
import { ProcessorLoad } from './processor-load.js'
import { connectionsFor, type RequestSettings } from './remote.js'
import type { OpenedStore } from './store.js'

/** Threads start when at least this many bytes are announced. Starting them for less takes longer than it saves. */
const minThreadWork = 64 * 1024 * 1024
/** Smaller blobs are transferred in the main thread: the calls of a thread take longer than the transfer. */
const minThreadBlob = 512 * 1024
/** Such a blob goes to the thread with the fewest of them, the main thread included, even if the thread has to start first. */
const largeBlob = 8 * 1024 * 1024

/** Transfers blobs into a store. */
export interface Transfers extends AsyncDisposable {
  /** Announces the bytes of a later transfer. The sum decides whether threads start. */
  announce(bytes: number): void
  /** Transfers a blob. Outcome and errors as of `transferBlob`. */
  transfer(task: BlobTask, options: TransferOptions): Promise<Outcome>
}

export interface TransferOptions extends IngestOptions {
  /** As in `WriteOptions`. */
  absent?: boolean | undefined
}

export interface TransfersOptions {
  /** Maximum number of threads beside the main thread. Default: one per further processor, at least 1, at most 8. */
  threads?: number | undefined
  /** Whether no other process is known to write the same blobs now: the store need not be asked again. Default: false. */
  alone?: boolean | undefined
}

/**
 * Opens transfers from registries into a store. Large amounts into a local store are spread over this thread and worker threads;
 * other transfers run in this thread.
 */
export function openTransfers(
  store: OpenedStore,
  remote: Registry,
  requests: RequestSettings,
  { threads: size, alone = false }: TransfersOptions = {},
): Transfers {
  const { onRequest, onBytes, requestsPerHost, ...settings } = requests
  const connectionsPerHost = connectionsFor(requestsPerHost)
  const root = store.local?.root
  const threads =
    root === undefined
      ? undefined
      : new ThreadPool(
          {
            ...{ root, ...settings, connectionsPerHost },
            ...{ verbose: onRequest !== undefined, metered: onBytes !== undefined },
          },
          remote,
          { onRequest, onBytes },
          size,
        )
  const load = new ProcessorLoad()
  const ingesterFor = (absent: boolean | undefined): Ingester => ({
    writer: (ref, expected, options) =>
      store.content.writer(ref, expected, { ...options, recent: alone, absent }),
  })
  let announced = 0
  // Blobs that are not large use a thread once the processor limits them and the thread has started. Until then they continue
  // here. From a slow source a thread would make nothing faster.
  let isLimited = false
  /** Large blobs that this thread transfers. */
  let ownLarge = 0
  const usesThreads = (size: number, pool: ThreadPool): boolean => {
    if (size < minThreadBlob || announced < minThreadWork) return false
    if (size >= largeBlob) return ownLarge > pool.fewestTransfers
    isLimited ||= load.isBusy
    return isLimited && pool.isReady
  }
  return {
    announce: (bytes) => {
      announced += bytes
    },
    transfer: async ({ desc, source }, { absent, ...options }) => {
      if (threads !== undefined && usesThreads(desc.size, threads)) {
        const endpoints = await remote.endpointsFor(source)
        return threads.transfer({ desc, locator: source, endpoints }, options)
      }
      const parts = { fetcher: remote.fetcher(source), ingester: ingesterFor(absent) }
      const isLarge = desc.size >= largeBlob
      if (isLarge) ownLarge++
      try {
        return await transferBlob(desc, parts, options)
      } finally {
        if (isLarge) ownLarge--
      }
    },
    [Symbol.asyncDispose]: async () => threads?.[Symbol.asyncDispose](),
  }
}
