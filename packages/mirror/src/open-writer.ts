import type { Expected, Ingester, Writer } from '@dist/content'
import { backoff, isHeld, sleep } from '@dist/errdefs'

const firstWait = 20
const longestWait = 1000

/**
 * Opens a writer and waits, with jitter, while somebody else holds the ref: another process that fetches the same
 * content. Once that one is through, this throws `ALREADY_EXISTS`. `CANCELED` through the signal.
 */
export async function openWhenFree(
  ingester: Ingester,
  ref: string,
  expected: Expected,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<Writer> {
  const { signal } = options
  for (let attempt = 0; ; attempt++) {
    try {
      return await ingester.writer(ref, expected, { signal })
    } catch (error) {
      if (!isHeld(error)) throw error
    }
    await sleep(backoff(attempt, firstWait, longestWait), signal)
  }
}
