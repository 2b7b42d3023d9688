import { backoff, isRetryable, sleep, throwIfAborted, unlessAborted } from '@dist/errdefs'

export interface PatienceOptions {
  signal?: AbortSignal | undefined
  /** Milliseconds after which the last error is thrown. Default: there is no end. */
  patience?: number | undefined
  /** Told of each failure that is waited for. */
  onAway?: ((error: unknown) => void) | undefined
}

const firstPause = 100
const longestPause = 1_000

/**
 * Opens what may be away at this moment: tries until it is there. Throws what waiting does not mend, the last error
 * when the patience is over, and `CANCELED` at once through the signal, whatever becomes of the attempt under way.
 */
export async function waitedFor<T>(
  open: (left: number) => Promise<T>,
  { signal, patience = Number.POSITIVE_INFINITY, onAway }: PatienceOptions = {},
): Promise<T> {
  const until = performance.now() + patience
  for (let attempt = 0; ; attempt++) {
    try {
      return await unlessAborted(open(until - performance.now()), signal)
    } catch (error) {
      throwIfAborted(signal)
      const pause = backoff(attempt, firstPause, longestPause)
      if (!isRetryable(error) || performance.now() + pause >= until) throw error
      onAway?.(error)
      await sleep(pause, signal)
    }
  }
}
