import { setTimeout as sleep } from 'node:timers/promises'
import { abortError, DistError, firstError } from '@dist/errdefs'
import type { HostStates } from '@dist/remotes'
import type { Context } from '../context.js'
import { note } from '../output/print.js'

/** Milliseconds after which a wait is reported. */
const reportAfterMs = 3_000

/** Milliseconds that a command for a single object waits, in total, for a host that asks for pauses. */
const longestWaitMs = 60_000

/** Reports the hosts that are waited for: each once until it answers. */
export class HostWaits {
  readonly #said = new Set<string>()

  constructor(private readonly say: (line: string) => void) {}

  /** Called for each request. The returned function is called when the request has ended. */
  begin(host: string): () => void {
    const timer = setTimeout(() => {
      if (this.#said.has(host)) return
      this.#said.add(host)
      this.say(`waiting for ${host} to answer ...`)
    }, reportAfterMs)
    return () => {
      clearTimeout(timer)
      this.#said.delete(host)
    }
  }
}

/**
 * Calls a function, and again while the host asks for a pause: one minute in total, since a user waits. Does not wait for a
 * host that does not answer.
 */
export async function retryAfterPauses<T>(
  context: Context,
  hosts: HostStates,
  call: () => Promise<T>,
  signal: AbortSignal = context.signal,
): Promise<T> {
  for (let left = longestWaitMs; ; ) {
    try {
      return await call()
    } catch (thrown) {
      const wait = await pauseOf(thrown, hosts)
      if (wait === undefined || wait > left) throw thrown
      left -= wait
      if (wait > reportAfterMs)
        note(context, `waiting ${Math.ceil(wait / 1000)} s: ${(thrown as Error).message}`)
      await sleep(wait, undefined, { signal }).catch(() => {
        throw abortError(signal)
      })
    }
  }
}

/** Milliseconds of the pause of the error's host; undefined if waiting does not help. */
async function pauseOf(thrown: unknown, hosts: HostStates): Promise<number | undefined> {
  const error = firstError(thrown)
  if (!(error instanceof DistError) || !error.retryable || error.host === undefined) return undefined
  const { answered, pausedUntil } = await hosts.state(error.host)
  return answered && pausedUntil !== undefined ? Math.max(1, pausedUntil - Date.now()) : undefined
}
