import { DistError } from '@dist/errdefs'
import type { RetryFilter } from '@dist/runs'
import { imageJobId } from '../jobs/ids.js'
import { addRunJob } from '../jobs/queues.js'
import { chunkSize, type RunHead } from '../state/head.js'
import type { Client } from './client.js'
import { failedImages } from './failed.js'

/**
 * Has failed and canceled images of a run wait as their next attempts, and adds a job that handles the run. Returns the
 * number of images. After a crash an ended run is running, and the sweep of the coordinators adds its job; a canceled one is
 * still canceled, and can be retried again. Throws `INVALID_ARGUMENT` for a collection of garbage.
 */
export async function retryRun(
  client: Client,
  run: string,
  head: RunHead,
  filter: RetryFilter = {},
): Promise<number> {
  if (head.kind === 'collect')
    throw new DistError(
      'INVALID_ARGUMENT',
      `run ${run}: it collects garbage: dist gc starts another collection`,
    )
  const { states, queues, ask } = client
  let total = 0
  for await (const indexes of chosen(client, run, head, filter)) {
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
  await ask(addRunJob(queues, { run, round }, head))
  return total
}

/** The indexes of the images that may be tried again, in lists of bounded length. */
async function* chosen(
  client: Client,
  run: string,
  head: RunHead,
  { images, cause }: RetryFilter,
): AsyncIterable<number[]> {
  if (cause !== undefined) {
    // Read whole: a retry changes what is read.
    const failed: number[] = []
    for await (const each of failedImages(client, run)) if (each.cause === cause) failed.push(each.index)
    const given = new Set(images)
    yield* lists(images === undefined ? failed : failed.filter((index) => given.has(index)))
  } else if (images !== undefined) {
    yield* lists(images.filter((index) => index < head.total))
  } else
    for (let first = 0; first < head.total; first += chunkSize)
      yield Array.from({ length: Math.min(chunkSize, head.total - first) }, (_, i) => first + i)
}

function* lists(indexes: readonly number[]): Iterable<number[]> {
  for (let start = 0; start < indexes.length; start += chunkSize)
    yield indexes.slice(start, start + chunkSize)
}
