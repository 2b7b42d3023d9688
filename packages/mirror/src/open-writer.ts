import type { Expected, Ingester, WriteOptions, Writer } from '@dist/content'
import { backoff, isHeld, sleep } from '@dist/errdefs'

const firstWaitMs = 20
const longestWaitMs = 1000

/**
 * Opens a writer, and waits with jitter while another process holds the ref, because it fetches the same content. Throws
 * `ALREADY_EXISTS` after that process has committed, `CANCELED` if the signal aborts.
 */
export async function openWhenFree(
  ingester: Ingester,
  ref: string,
  expected: Expected,
  options: WriteOptions = {},
): Promise<Writer> {
  const { signal } = options
  for (let attempt = 0; ; attempt++) {
    try {
      return await ingester.writer(ref, expected, options)
    } catch (error) {
      if (!isHeld(error)) throw error
    }
    await sleep(backoff(attempt, firstWaitMs, longestWaitMs), signal)
  }
}
