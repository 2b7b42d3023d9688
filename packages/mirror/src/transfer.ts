import { copyContent, type Ingester, type Writer } from '@dist/content'
import {
  backoff,
  DistError,
  firstError,
  isAlreadyExists,
  isFailedPrecondition,
  isLost,
  isRetryable,
  sleep,
} from '@dist/errdefs'
import { writeRef } from '@dist/images'
import type { Descriptor } from '@dist/oci'
import type { Fetched, Fetcher, FetchOptions } from '@dist/remotes'
import type { Outcome } from './ingest.js'
import { openWhenFree } from './open-writer.js'

/** How often a write starts again after the target lost it, for example an upload that was swept. */
const maxLostWrites = 2
/** Bytes that a transfer has to bring between two failures of the source to continue. */
const minProgress = 64 * 1024
const firstDelayMs = 200
const longestDelayMs = 10_000

export interface TransferSource {
  readonly fetcher: Fetcher
  readonly ingester: Ingester
}

export interface TransferOptions {
  signal?: AbortSignal | undefined
  /**
   * Called with the bytes that are stored, those of earlier, interrupted transfers included. The first call comes before
   * any byte is fetched.
   */
  onProgress?: ((offset: number) => void) | undefined
  /** Awaited each time that all bytes are written, before they are verified and committed. */
  onArrived?: (() => Promise<void>) | undefined
}

/**
 * Transfers one blob from a registry into a target: opens the writer (waits while another process has it), fetches from
 * the offset of an interrupted transfer, verifies and commits. `present` if another writer has committed it.
 * If the source fails after some progress, continues at the offset; without progress throws. Content that fails
 * verification is fetched once more from the start, then throws `FAILED_PRECONDITION`.
 */
export async function transferBlob(
  desc: Descriptor,
  { fetcher, ingester }: TransferSource,
  options: TransferOptions = {},
): Promise<Outcome> {
  const { signal } = options
  const source = new WatchedFetcher(fetcher)
  const state = { restart: false, unverified: false, lost: 0 }
  for (;;) {
    let resumed = false
    try {
      await using writer = await openWhenFree(ingester, writeRef(desc), desc, { signal })
      if (state.restart && writer.status.offset > 0) await writer.restart()
      resumed = writer.status.offset > 0
      await fill(writer, desc, source, options)
      return 'fetched'
    } catch (error) {
      if (isAlreadyExists(error)) return 'present'
      if (signal?.aborted) throw error
      if (isFailedPrecondition(error)) {
        // Bytes of an earlier transfer may be damaged, or a proxy may have damaged these: one more try from the start.
        const mayHelp = resumed || source.from !== undefined
        if (state.unverified || !mayHelp) throw unverifiedError(desc, source.from, error)
        state.unverified = true
      } else if (source.failed || !isLost(error) || ++state.lost > maxLostWrites) throw error
      state.restart = true
    }
  }
}

async function fill(
  writer: Writer,
  desc: Descriptor,
  source: WatchedFetcher,
  options: TransferOptions,
): Promise<void> {
  let furthest = writer.status.offset
  for (let breaks = 0; ; breaks++) {
    source.failed = false
    try {
      const body = await bodyFrom(writer, desc, source, options.signal)
      options.onProgress?.(writer.status.offset)
      await copyContent(writer, body, options)
      return
    } catch (error) {
      // After a failure of the writer it is unknown how much of the chunk it has kept.
      if (!source.failed || !isRetryable(error)) throw error
      // The caller retries transfers that make no progress.
      if (writer.status.offset - furthest < minProgress || wantsPause(error)) throw error
      furthest = writer.status.offset
      await sleep(backoff(breaks, firstDelayMs, longestDelayMs), options.signal)
    }
  }
}

/** Whether the host asks for a pause. A transfer does not wait for it, because it holds a writer. */
function wantsPause(error: unknown): boolean {
  const first = firstError(error)
  return first instanceof DistError && (first.paused || first.retryAfter !== undefined)
}

async function bodyFrom(writer: Writer, desc: Descriptor, source: WatchedFetcher, signal?: AbortSignal) {
  const offset = writer.status.offset
  // All bytes are stored: only the commit is missing.
  if (offset === desc.size) return emptyBody()
  const fetched = await source.fetch(desc, { offset, signal })
  if (fetched.offset === 0 && offset > 0) await writer.restart()
  else if (fetched.offset !== offset)
    throw new DistError(
      'INTERNAL',
      `${desc.digest}: requested from byte ${offset}, received from byte ${fetched.offset}`,
    )
  return fetched.body
}

/** Adds the host to an error of the writer, which begins with the digest. An error of the fetcher names the host itself. */
function unverifiedError({ digest }: Descriptor, from: string | undefined, thrown: unknown): unknown {
  const error = firstError(thrown)
  const own = `${digest}: `
  if (from === undefined || !(error instanceof DistError) || !error.message.startsWith(own)) return thrown
  const why = error.message.slice(own.length)
  return new DistError('FAILED_PRECONDITION', `${own}does not verify (${from}): ${why}`, { cause: thrown })
}

/** A fetcher that records whether it has failed. */
class WatchedFetcher implements Fetcher {
  failed = false
  /** The host that sent the last body, if known. */
  from: string | undefined

  constructor(private readonly fetcher: Fetcher) {}

  async fetch(desc: Descriptor, options: FetchOptions): Promise<Fetched> {
    try {
      const { offset, from, body } = await this.fetcher.fetch(desc, options)
      this.from = from
      return { offset, body: this.#watched(body) }
    } catch (error) {
      this.failed = true
      throw error
    }
  }

  async *#watched(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    try {
      yield* body
    } catch (error) {
      this.failed = true
      throw error
    }
  }
}

async function* emptyBody(): AsyncIterable<Uint8Array> {}
