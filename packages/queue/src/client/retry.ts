import { imageJobId } from '../jobs/ids.js'
import { addRunJob } from '../jobs/queues.js'
import { chunkSize, type RunHead } from '../state/head.js'
import type { Client } from './client.js'

/**
 * Has the failed and canceled images of a run wait as their next attempts, and adds a job that handles the run.
 * Returns the number of images. After a crash an ended run is running, and the sweep of the coordinators adds its job;
 * a canceled one is still canceled, and can be retried again.
 */
export async function retryRun(client: Client, run: string, head: RunHead): Promise<number> {
  const { states, queues, ask } = client
  let total = 0
  for (let first = 0; first < head.total; first += chunkSize) {
    const length = Math.min(chunkSize, head.total - first)
    const indexes = Array.from({ length }, (_, i) => first + i)
    const { count, left } = await ask(states.retryImages(run, indexes))
    total += count
    for (const { index, attempt } of left)
      await ask(queues.images.remove(imageJobId({ run, index, attempt }), { removeChildren: true }))
  }
  const isListing = head.listing !== undefined && head.listing !== 'done'
  if (total === 0 && !isListing) return 0
  if (head.state === 'canceled') await ask(states.resumeRun(run))
  // The last job of a running run is still there and handles this as well. The id of an ended one cannot be used again.
  const round = head.state === 'running' ? head.round : await ask(states.nextRound(run, head.round))
  await ask(addRunJob(queues, { run, round, sources: head.sources }))
  return total
}
