import { setTimeout as delay } from 'node:timers/promises'
import type { Cluster, OfServices } from '../distributed/cluster.js'
import type { Measurement } from '../measure.js'
import { mirror } from './command.js'

/** How a command and the services that it used have gone. */
export interface Queued {
  /** The command that submitted the run and followed it. */
  readonly command: Measurement
  /** Seconds of processor time that the run has cost the services. */
  readonly cpu: OfServices
  /** Since the start of each process. */
  readonly whole: OfServices
  /** Commands that Redis has executed, those inside scripts included. */
  readonly commands: number
  /** The peak of the resident set of each process since its start, in bytes. */
  readonly peak: OfServices
}

/** `dist mirror` by the services of a cluster; measures until they are at rest again. */
export async function mirrorQueued(
  cluster: Cluster,
  references: readonly string[],
  scratch: string,
): Promise<Queued> {
  await atRest(cluster)
  const before = cluster.cpu()
  const commandsBefore = await commandsOf(cluster)
  const command = await mirror(references, ['--queue', cluster.server.url], scratch)
  const commands = (await commandsOf(cluster)) - commandsBefore
  await atRest(cluster)
  const whole = cluster.cpu()
  const cpu = {
    coordinator: whole.coordinator - before.coordinator,
    workers: whole.workers - before.workers,
    redis: whole.redis - before.redis,
  }
  return { command, cpu, whole, commands, peak: cluster.peak() }
}

const window = 500
/** A service that has nothing to do still has a heartbeat and a look at its queue: seconds in a window. */
const idle = 0.04
const longest = 20

/** Waits until the services do nothing: what they put off until after the run belongs to its cost. */
async function atRest(cluster: Cluster): Promise<void> {
  const used = () => Object.values(cluster.cpu()).reduce((sum: number, seconds: number) => sum + seconds, 0)
  let before = used()
  for (let i = 0; i < longest; i++) {
    await delay(window)
    const now = used()
    if (now - before <= idle) return
    before = now
  }
}

async function commandsOf({ redis }: Cluster): Promise<number> {
  const info = await redis.info('commandstats')
  return [...info.matchAll(/^cmdstat_[^:]+:calls=(\d+)/gm)].reduce((sum, [, calls]) => sum + Number(calls), 0)
}
