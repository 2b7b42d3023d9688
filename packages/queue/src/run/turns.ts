import type { Engine } from '../engine/engine.js'
import { hostOf } from '../jobs/host.js'
import type { ImageJob } from '../jobs/payload.js'
import type { PrioritizedImage } from '../jobs/queues.js'
import type { RunHead } from '../state/head.js'

/** The last priority that BullMQ knows. */
const lastPriority = 2 ** 21 - 1

/**
 * Gives image jobs their priorities, so that hosts take turns: the nth image of a host within the run has priority n,
 * whatever the order of the request. Images that were asked for by hand have none, and BullMQ takes these first. Blob
 * jobs inherit the priority of their image.
 */
export async function takeTurns(
  { redis, keys }: Engine,
  run: string,
  { byHand }: RunHead,
  jobs: readonly ImageJob[],
): Promise<PrioritizedImage[]> {
  if (byHand) return jobs.map((job) => ({ job, priority: undefined }))
  const hosts = jobs.map(({ reference }) => hostOf(reference))
  const next = new Map<string, number>()
  // A crash before the jobs are added leaves a gap, which changes no order.
  for (const [host, count] of tally(hosts))
    next.set(host, (await redis.hincrby(keys.turns(run), host, count)) - count + 1)
  return jobs.map((job, i) => {
    const host = hosts[i] ?? ''
    const turn = next.get(host) ?? 1
    next.set(host, turn + 1)
    return { job, priority: Math.min(turn, lastPriority) }
  })
}

function tally(hosts: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const host of hosts) counts.set(host, (counts.get(host) ?? 0) + 1)
  return counts
}
