import { DistError, throwIfAborted } from '@dist/errdefs'
import type { Opened } from './open.js'
import { isPassing, lastTry, pauseBefore, type RetryPolicy } from './retry.js'

export interface ResumeOptions {
  /**
   * Opens the content again, at the same endpoint: signed in anew, redirects followed anew. Undefined where it does
   * not continue at the offset.
   */
  readonly reopen: (offset: number) => Promise<Opened | undefined>
  /** Bytes of the whole content, where they are known. */
  readonly size: number | undefined
  readonly retry: RetryPolicy
  readonly what: string
  readonly signal?: AbortSignal | undefined
}

// A source that breaks after every few bytes must not be asked for ever: this much is progress.
const progress = 64 * 1024

/**
 * The bytes of an opened body and of its continuations, as one. It goes on as long as it gets on: without progress it
 * is opened as often as one request is tried. Throws `FAILED_PRECONDITION` on the first byte too
 * many; a retryable `UNAVAILABLE` where the source breaks for good or would start again from 0.
 */
export function resumed(first: Opened, options: ResumeOptions): AsyncIterableIterator<Uint8Array> {
  const reader = { gone: false }
  const chunks = chunksOf(first, options, reader)
  return {
    next: () => chunks.next(),
    // A generator that was never read runs no clean-up; the connection must not stay taken all the same.
    return: async () => {
      reader.gone = true
      await first.response.body.return()
      return chunks.return()
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

async function* chunksOf(
  first: Opened,
  options: ResumeOptions,
  reader: { readonly gone: boolean },
): AsyncGenerator<Uint8Array, void> {
  const { what, signal } = options
  let opened = first
  let { offset } = first
  let mark = offset
  for (let failures = 0; ; ) {
    try {
      for await (const chunk of opened.response.body) {
        offset += chunk.byteLength
        checkSize(offset, options, opened)
        yield chunk
      }
      if (isWhole(offset, options, opened)) return
      throw new DistError(
        'UNAVAILABLE',
        `${what}: ${opened.response.url.host} ended after ${offset} bytes${ofSize(options)}`,
      )
    } catch (error) {
      // Aborts carry their own reason.
      throwIfAborted(signal)
      // What ended because nobody reads it is not continued.
      if (reader.gone) return
      failures = offset - mark >= progress ? 1 : failures + 1
      mark = offset
      if (failures >= options.retry.attempts) throw lastTry(error)
      if (!isPassing(error)) throw error
      await pauseBefore(failures, options.retry, signal)
      opened = await continued(offset, options, opened)
    }
  }
}

async function continued(offset: number, { reopen, what }: ResumeOptions, broken: Opened): Promise<Opened> {
  const opened = await reopen(offset)
  if (opened !== undefined) return opened
  throw new DistError(
    'UNAVAILABLE',
    `${what}: ${broken.response.url.host} cannot continue at byte ${offset}: start again`,
  )
}

function checkSize(received: number, { size, what }: ResumeOptions, { response }: Opened): void {
  if (size === undefined || received <= size) return
  throw new DistError(
    'FAILED_PRECONDITION',
    `${what}: ${response.url.host} sends more than the ${size} bytes expected`,
  )
}

function isWhole(received: number, { size }: ResumeOptions, opened: Opened): boolean {
  const total = size ?? opened.size
  return total === undefined || received >= total
}

function ofSize({ size }: ResumeOptions): string {
  return size === undefined ? '' : ` of ${size}`
}
