import type { Engine } from '../engine/engine.js'
import { type ImageJob, registryOf } from '../jobs/payload.js'
import type { PrioritizedImage } from '../jobs/queues.js'
import type { RunHead } from '../state/head.js'

/** The last priority of BullMQ. */
const lastPriority = 2 ** 21 - 1

/**
 * Gives image jobs their priorities, so that hosts take turns: the nth image of a host in the run has priority n,
 * whatever the order of the request. Images that a person waits for have none: BullMQ takes them first. Blob jobs have
 * the priority of their image.
 */
export async function takeTurns(
  { redis, keys }: Engine,
  run: string,
  { byHand }: RunHead,
  jobs: readonly ImageJob[],
): Promise<PrioritizedImage[]> {
  if (byHand) return jobs.map((job) => ({ job, priority: undefined }))
  const hosts = jobs.map(({ reference }) => registryOf(reference))
  const next = new Map<string, number>()
  // A crash before the jobs are added leaves a gap, without harm: the order stays.
  for (const [host, count] of countByHost(hosts))
    next.set(host, (await redis.hincrby(keys.turns(run), host, count)) - count + 1)
  return jobs.map((job, i) => {
    const host = hosts[i] ?? ''
    const turn = next.get(host) ?? 1
    next.set(host, turn + 1)
    return { job, priority: Math.min(turn, lastPriority) }
  })
}

function countByHost(hosts: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const host of hosts) counts.set(host, (counts.get(host) ?? 0) + 1)
  return counts
}
