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

/** How often a write begins anew whose target lost what it had got, as an upload that somebody swept. */
const lostWrites = 2
/** A source that breaks after every few bytes must not be asked for ever: so many are progress. */
const progress = 64 * 1024
const firstDelay = 200
const longestDelay = 10_000

export interface TransferSource {
  readonly fetcher: Fetcher
  readonly ingester: Ingester
}

export interface TransferOptions {
  signal?: AbortSignal | undefined
  /**
   * Bytes that are there, with those of earlier, cut-off transfers. First called before any byte comes: with what
   * was there at the start.
   */
  onProgress?: ((offset: number) => void) | undefined
  /** Awaited each time that all bytes are there, before they are verified and committed. */
  onArrived?: (() => Promise<void>) | undefined
}

/**
 * Moves one blob from its registry into a target: opens the writer (waiting for another process that has it),
 * fetches from where a cut-off transfer stopped, verifies and commits. `present` when another writer committed it first.
 * It goes on at the offset reached as long as it gets on; a source that fails without that is left to the caller. What
 * does not verify is fetched once more, from the start, before it is `FAILED_PRECONDITION`.
 */
export async function transferBlob(
  desc: Descriptor,
  { fetcher, ingester }: TransferSource,
  options: TransferOptions = {},
): Promise<Outcome> {
  const { signal } = options
  const source = new Source(fetcher)
  const made = { again: false, unverified: false, lost: 0 }
  for (;;) {
    let resumed = false
    try {
      await using writer = await openWhenFree(ingester, writeRef(desc), desc, { signal })
      if (made.again && writer.status.offset > 0) await writer.restart()
      resumed = writer.status.offset > 0
      await fill(writer, desc, source, options)
      return 'fetched'
    } catch (error) {
      if (isAlreadyExists(error)) return 'present'
      if (signal?.aborted) throw error
      if (isFailedPrecondition(error)) {
        // What an earlier process left may be damaged, or what came on its way: that is worth one transfer from the start.
        const worthIt = resumed || source.from !== undefined
        if (made.unverified || !worthIt) throw unverifiedError(desc, source.from, error)
        made.unverified = true
      } else if (source.failed || !isLost(error) || ++made.lost > lostWrites) throw error
      made.again = true
    }
  }
}

async function fill(
  writer: Writer,
  desc: Descriptor,
  source: Source,
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
      // Only the source is asked again: what a writer that failed has kept of a chunk is not known.
      if (!source.failed || !isRetryable(error)) throw error
      // It goes on as long as it gets on; what does not is tried again by whoever wants the content.
      if (writer.status.offset - furthest < progress || wantsPause(error)) throw error
      furthest = writer.status.offset
      await sleep(backoff(breaks, firstDelay, longestDelay), options.signal)
    }
  }
}

/** Whether the source is to be left alone for a while: that is not waited for with a writer open. */
function wantsPause(error: unknown): boolean {
  const first = firstError(error)
  return first instanceof DistError && (first.paused || first.retryAfter !== undefined)
}

async function bodyFrom(writer: Writer, desc: Descriptor, source: Source, signal?: AbortSignal) {
  const offset = writer.status.offset
  // All bytes are there already: only the commit is missing.
  if (offset === desc.size) return nothing()
  const fetched = await source.fetch(desc, { offset, signal })
  if (fetched.offset === 0 && offset > 0) await writer.restart()
  else if (fetched.offset !== offset)
    throw new DistError('INTERNAL', `${desc.digest}: asked from ${offset}, got from ${fetched.offset}`)
  return fetched.body
}

/** Names the host as well: what a writer says begins with the digest, what a fetcher says has the host already. */
function unverifiedError({ digest }: Descriptor, from: string | undefined, thrown: unknown): unknown {
  const error = firstError(thrown)
  const own = `${digest}: `
  if (from === undefined || !(error instanceof DistError) || !error.message.startsWith(own)) return thrown
  const why = error.message.slice(own.length)
  return new DistError('FAILED_PRECONDITION', `${own}does not verify (${from}): ${why}`, { cause: thrown })
}

/** A fetcher that knows whether it was what failed. */
class Source implements Fetcher {
  failed = false
  /** The host that sent last, where it is known. */
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

async function* nothing(): AsyncIterable<Uint8Array> {}
