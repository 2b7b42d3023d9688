import { copyContent, type Info, type Ingester, type Writer } from '@dist/content'
import { DistError, isAlreadyExists, isFailedPrecondition, isRetryable } from '@dist/errdefs'
import { writeRef } from '@dist/images'
import { backoff } from '@dist/locks'
import type { Descriptor } from '@dist/oci'
import type { Fetcher } from '@dist/remotes'
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
  /** Bytes that are there, with those of earlier, cut-off transfers. */
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
  for (let restarted = false; ; restarted = true) {
    try {
      await using writer = await openPatiently(
        source.ingester,
        writeRef(desc),
        desc,
        signal === undefined ? {} : { signal },
      )
      const resumed = writer.status.offset > 0
      try {
        return await fill(writer, desc, source.fetcher, options)
      } catch (error) {
        // What an earlier process left may be damaged: that is worth one transfer from the start.
        if (!(resumed && !restarted && isFailedPrecondition(error))) throw error
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
  for (let attempt = 0; ; attempt++) {
    const before = writer.status.offset
    try {
      return await copyContent(writer, await bodyFrom(writer, desc, fetcher, options.signal), options)
    } catch (error) {
      if (!isRetryable(error) || attempt + 1 >= attempts) throw error
      // A transfer that gets on may go on: only attempts that bring nothing are counted.
      if (writer.status.offset > before) attempt = 0
      const asked = error instanceof DistError ? error.retryAfter : undefined
      await pause(asked ?? backoff(attempt, firstDelay, longestDelay), options.signal)
    }
  }
}

async function bodyFrom(writer: Writer, desc: Descriptor, fetcher: Fetcher, signal?: AbortSignal) {
  const offset = writer.status.offset
  // All bytes are there already: only the commit is missing.
  if (offset === desc.size) return nothing()
  const fetched = await fetcher.fetch(desc, { offset, ...(signal === undefined ? {} : { signal }) })
  if (fetched.offset === 0 && offset > 0) await writer.restart()
  else if (fetched.offset !== offset)
    throw new DistError('INTERNAL', `${desc.digest}: asked from ${offset}, got from ${fetched.offset}`)
  return fetched.body
}

async function* nothing(): AsyncIterable<Uint8Array> {}
