import type { Undelivered } from '@dist/runs'
import * as scripts from './scripts/index.js'
import type { RunStates } from './states.js'

/** Undelivered notices that a run keeps. */
const undeliveredAtMost = 20

/** Records what could not be delivered to a target. */
export async function recordUndelivered(
  { redis, keys }: RunStates,
  run: string,
  notice: Undelivered,
): Promise<void> {
  const args = { notice: JSON.stringify(notice), most: undeliveredAtMost }
  await scripts.recordUndelivered(redis, { run: keys.run(run) }, args)
}
