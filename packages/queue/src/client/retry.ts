import { imageJobId } from '../jobs/ids.js'
import { addRunJob } from '../jobs/queues.js'
import { chunkSize, type RunHead } from '../state/head.js'
import type { Client } from './open.js'

/**
 * Has the failed images wait again, as their next attempts, and a job watch over the run. A crash anywhere leaves a
 * run that runs: the coordinators' sweep gives it a job, and that finds what waits.
 */
export async function retryFailed(client: Client, run: string, head: RunHead): Promise<number> {
  const { states, queues, tuning, ask } = client
  let count = 0
  for (let first = 0; first < head.total; first += chunkSize) {
    const length = Math.min(chunkSize, head.total - first)
    const indexes = Array.from({ length }, (_, i) => first + i)
    const again = await ask(states.retryImages(run, indexes))
    count += again.length
    for (const { index, attempt } of again)
      await ask(queues.images.remove(imageJobId({ run, index, attempt }), { removeChildren: true }))
  }
  if (count === 0) return 0
  // While the run's last job is still there, it goes on with this; else the next one does.
  const round = head.state === 'running' ? head.round : await ask(states.nextRound(run, head.round))
  await ask(addRunJob(queues, { v: 1, run, round }, tuning))
  return count
}
