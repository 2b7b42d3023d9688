import { setTimeout as sleep } from 'node:timers/promises'
import { abortError, DistError, firstError } from '@dist/errdefs'
import type { HostStates } from '@dist/remotes'
import type { Context } from '../context.js'
import { note } from '../output/print.js'

/** Milliseconds after which a wait is said. */
const quietFor = 3_000

/** For so long a command for a single object waits, in all, for a host that wants a pause. */
const patience = 60_000

/** Says which hosts are waited for: each once, until it answers. */
export class HostWaits {
  readonly #said = new Set<string>()

  constructor(private readonly say: (line: string) => void) {}

  /** A host is asked; the function that it gives is called once it has answered, or will not. */
  begin(host: string): () => void {
    const timer = setTimeout(() => {
      if (this.#said.has(host)) return
      this.#said.add(host)
      this.say(`waiting for ${host} to answer ...`)
    }, quietFor)
    return () => {
      clearTimeout(timer)
      this.#said.delete(host)
    }
  }
}

/**
 * Calls, and again as long as a host that answers wants a pause: a minute in all, since somebody waits in front of the
 * screen. A host that does not answer is not waited for.
 */
export async function waitingOut<T>(
  context: Context,
  hosts: HostStates,
  call: () => Promise<T>,
  signal: AbortSignal = context.signal,
): Promise<T> {
  for (let left = patience; ; ) {
    try {
      return await call()
    } catch (thrown) {
      const wait = await pauseOf(thrown, hosts)
      if (wait === undefined || wait > left) throw thrown
      left -= wait
      if (wait > quietFor) note(context, `waiting ${Math.ceil(wait / 1000)} s: ${(thrown as Error).message}`)
      await sleep(wait, undefined, { signal }).catch(() => {
        throw abortError(signal)
      })
    }
  }
}

/** Milliseconds for which the host that an error is about is to be left alone; undefined where waiting does not help. */
async function pauseOf(thrown: unknown, hosts: HostStates): Promise<number | undefined> {
  const error = firstError(thrown)
  if (!(error instanceof DistError) || !error.retryable || error.host === undefined) return undefined
  const { answered, pausedUntil } = await hosts.state(error.host)
  return answered && pausedUntil !== undefined ? Math.max(1, pausedUntil - Date.now()) : undefined
}
