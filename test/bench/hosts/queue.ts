import { setTimeout as delay } from 'node:timers/promises'
import { Cluster } from '../distributed/cluster.js'
import type { Mirrored } from './bench.js'

/** Mirrors by a coordinator and a worker into a folder; `good` images come, the others fail. */
export async function mirrorQueued(
  references: readonly string[],
  good: number,
  folder: string,
): Promise<Mirrored> {
  await using cluster = await Cluster.start({ store: folder, workers: 1 })
  const { runs } = cluster
  const started = performance.now()
  const run = await runs.submit({ references, platforms: 'all' })
  let goodDone = 0
  for (;;) {
    const { images, state } = await runs.status(run)
    const now = (performance.now() - started) / 1000
    if (goodDone === 0 && images.done >= good) goodDone = now
    if (state === 'running') {
      await delay(20)
      continue
    }
    if (images.done !== good) throw new Error(`${images.done} of ${good} images are there`)
    return { goodDone, ended: now }
  }
}
