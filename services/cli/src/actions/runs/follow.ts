import { setTimeout as delay } from 'node:timers/promises'
import { abortError, hasCode, isNotFound, throwIfAborted, unlessAborted } from '@dist/errdefs'
import type { RunStatus, Runs } from '@dist/runs'
import type { OpenQueueOptions } from '@dist/wiring'
import type { Context } from '../../context.js'
import { note } from '../../output.js'
import { describeError } from '../../run.js'

export interface FollowOptions {
  signal: AbortSignal
  onStatus: (status: RunStatus) => void
  /** Told once each time that the queue stops answering; it is asked on. */
  onAway?: ((error: unknown) => void) | undefined
  /** Milliseconds between two looks. Default 1,000. */
  every?: number | undefined
}

/**
 * Looks at a run until it has ended. Undefined when the run is gone: lost, or no longer known to the queue. A queue
 * that does not answer is waited for. `CANCELED` through the signal, at once.
 */
export async function followRun(
  runs: Pick<Runs, 'status'>,
  run: string,
  { signal, onStatus, onAway, every = 1000 }: FollowOptions,
): Promise<RunStatus | undefined> {
  let away = false
  for (;;) {
    try {
      const status = await unlessAborted(runs.status(run), signal)
      away = false
      onStatus(status)
      if (status.state === 'lost') return undefined
      if (status.state !== 'running') return status
    } catch (error) {
      throwIfAborted(signal)
      if (isNotFound(error)) return undefined
      if (!hasCode(error, 'UNAVAILABLE', 'DEADLINE_EXCEEDED')) throw error
      if (!away) onAway?.(error)
      away = true
    }
    await pause(every, signal)
  }
}

/** Waits; `CANCELED` when the signal aborts first. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await delay(milliseconds, undefined, { signal }).catch(() => {
    throw abortError(signal)
  })
}

/** How the queue of a run that is followed is opened: from then on it is waited for whenever it is away. */
export function followed(context: Context): OpenQueueOptions {
  return { signal: context.signal, persistent: true, onUnavailable: sayAway(context) }
}

export function sayAway(context: Context): (error: unknown) => void {
  return (error) => note(context, `${describeError(error)}: waiting for the queue`)
}
