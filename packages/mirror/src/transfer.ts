import { copyContent, type Info, type Ingester, type Writer } from '@dist/content'
import { backoff, DistError, isAlreadyExists, isFailedPrecondition, isRetryable } from '@dist/errdefs'
import { writeRef } from '@dist/images'
import type { Descriptor } from '@dist/oci'
import type { Fetched, Fetcher, FetchOptions } from '@dist/remotes'
import { openPatiently, pause } from './patience.js'

const attempts = 6
const firstDelay = 200
const longestDelay = 10_000

export interface TransferSource {
  readonly fetcher: Fetcher
  readonly ingester: Ingester
}

export interface TransferOptions {
  signal?: AbortSignal
  /**
   * Bytes that are there, with those of earlier, cut-off transfers. First called before any byte comes: with what
   * was there at the start.
   */
  onProgress?: (offset: number) => void
}

/**
 * Moves one blob from its registry into a store: opens the writer (waiting for another process that has it),
 * fetches from where a cut-off transfer stopped, verifies and commits. Undefined when somebody else was first.
 * Retries what may help, a bounded number of times, going on at the offset reached.
 */
export async function transferBlob(
  desc: Descriptor,
  source: TransferSource,
  options: TransferOptions = {},
): Promise<Info | undefined> {
  const { signal } = options
  for (let again = false; ; again = true) {
    try {
      await using writer = await openPatiently(
        source.ingester,
        writeRef(desc),
        desc,
        signal === undefined ? {} : { signal },
      )
      if (again && writer.status.offset > 0) await writer.restart()
      const resumed = writer.status.offset > 0
      try {
        return await fill(writer, desc, source.fetcher, options)
      } catch (error) {
        // What an earlier process left may be damaged: that is worth one transfer from the start.
        if (!resumed || signal?.aborted || !isFailedPrecondition(error)) throw error
      }
    } catch (error) {
      if (isAlreadyExists(error)) return undefined
      throw error
    }
  }
}

async function fill(
  writer: Writer,
  desc: Descriptor,
  fetcher: Fetcher,
  options: TransferOptions,
): Promise<Info> {
  let furthest = writer.status.offset
  for (let idle = 0; ; ) {
    const source = new Source(fetcher)
    try {
      const body = await bodyFrom(writer, desc, source, options.signal)
      options.onProgress?.(writer.status.offset)
      return await copyContent(writer, body, options)
    } catch (error) {
      // Only the source is asked again: what a writer that failed has kept of a chunk is not known.
      if (!source.failed || !isRetryable(error)) throw error
      // A transfer that gets on may go on: only attempts that get no further than ever before are counted.
      idle = writer.status.offset > furthest ? 0 : idle + 1
      if (idle >= attempts) throw error
      furthest = Math.max(furthest, writer.status.offset)
      const asked = error instanceof DistError ? error.retryAfter : undefined
      await pause(asked ?? backoff(Math.max(0, idle - 1), firstDelay, longestDelay), options.signal)
    }
  }
}

async function bodyFrom(writer: Writer, desc: Descriptor, source: Source, signal?: AbortSignal) {
  const offset = writer.status.offset
  // All bytes are there already: only the commit is missing.
  if (offset === desc.size) return nothing()
  const fetched = await source.fetch(desc, { offset, ...(signal === undefined ? {} : { signal }) })
  if (fetched.offset === 0 && offset > 0) await writer.restart()
  else if (fetched.offset !== offset)
    throw new DistError('INTERNAL', `${desc.digest}: asked from ${offset}, got from ${fetched.offset}`)
  return fetched.body
}

/** A fetcher that knows whether it was what failed. */
class Source implements Fetcher {
  failed = false

  constructor(private readonly fetcher: Fetcher) {}

  async fetch(desc: Descriptor, options: FetchOptions): Promise<Fetched> {
    try {
      const { offset, body } = await this.fetcher.fetch(desc, options)
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
