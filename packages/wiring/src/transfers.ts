import { type BlobTask, type IngestOptions, type Outcome, transferBlob } from '@dist/mirror'
import type { Registry } from '@dist/registry-client'
import { ThreadPool } from '@dist/transfer-threads'
import type { RequestSettings } from './remote.js'
import type { Store } from './store.js'

/** From so many bytes asked for on, threads are worth their start. */
const threadsFrom = 64 * 1024 * 1024
/** Smaller blobs than this are through before a thread has heard of them. */
const threadBlob = 512 * 1024

/** Moves the bytes of blobs. */
export interface Transfers extends AsyncDisposable {
  /** Tells of a blob that will be asked for: how much there is to do decides whether threads are started. */
  announce(bytes: number): void
  /** Moves the bytes of a blob. Outcome and errors as of `transferBlob`. */
  transfer(task: BlobTask, options: IngestOptions): Promise<Outcome>
}

export interface TransfersOptions {
  /** Threads at most. Default: one for each processor, at least 2, at most 8. */
  threads?: number | undefined
}

/**
 * Transfers from registries into a store: in this thread, or, into a local store and where there is much to move,
 * spread over worker threads.
 */
export function openTransfers(
  store: Store,
  remote: Registry,
  requests: RequestSettings,
  { threads: size }: TransfersOptions = {},
): Transfers {
  const { onRequest, ...settings } = requests
  const root = store.local?.root
  const threads =
    root === undefined
      ? undefined
      : new ThreadPool({ root, ...settings, verbose: onRequest !== undefined }, remote, onRequest, size)
  let announced = 0
  return {
    announce: (bytes) => {
      announced += bytes
    },
    transfer: async ({ desc, source }, options) => {
      if (threads !== undefined && desc.size >= threadBlob && announced >= threadsFrom) {
        const endpoints = await remote.endpointsFor(source)
        return threads.transfer({ desc, locator: source, endpoints }, options)
      }
      const parts = { fetcher: remote.fetcher(source), ingester: store.content }
      return transferBlob(desc, parts, options)
    },
    [Symbol.asyncDispose]: async () => threads?.[Symbol.asyncDispose](),
  }
}
