import { setTimeout as delay } from 'node:timers/promises'
import type { Expected, Ingester, Manager, Status, Writer } from '@dist/content'
import { abortError, backoff, isHeld } from '@dist/errdefs'

const firstWait = 20
const longestWait = 1000
/** A write is known to others once it has gone on for a moment: until then nobody can tell what it expects. */
const unknownFor = 2000

type Store = Ingester & Pick<Manager, 'statuses'>

/**
 * Opens a writer, and where another one holds the ref for the same expected digest waits until it is through: this
 * then throws `ALREADY_EXISTS`, or goes on with what the other left. A ref held for another digest, or for one that
 * is not known, is `UNAVAILABLE` at once.
 */
export async function openAmongOthers(
  store: Store,
  ref: string,
  expected: Expected,
  { signal, onWait }: { signal: AbortSignal; onWait: (reason: string) => void },
): Promise<Writer> {
  const since = performance.now()
  for (let attempt = 0; ; attempt++) {
    try {
      return await store.writer(ref, expected, { signal })
    } catch (error) {
      if (!isHeld(error) || expected.digest === undefined) throw error
      const holder = await statusOf(ref, store)
      const known = holder !== undefined || performance.now() - since > unknownFor
      if (known && holder?.expected.digest !== expected.digest) throw error
      if (attempt === 0) onWait((error as Error).message)
    }
    await pause(backoff(attempt, firstWait, longestWait), signal)
  }
}

async function statusOf(ref: string, store: Store): Promise<Status | undefined> {
  for await (const status of store.statuses()) if (status.ref === ref) return status
  return undefined
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await delay(milliseconds, undefined, { signal }).catch(() => {
    throw abortError(signal)
  })
}
