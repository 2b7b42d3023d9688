import type { CollectionRequest } from '@dist/runs'
import type { QueueAddress } from '@dist/settings/command'
import type { Context } from '../context.js'
import { openQueue, persistentQueue } from '../open/queue.js'
import { openReport } from '../report/report.js'
import { givenStoreId, submitRun } from '../runs/submit.js'
import type { GcOptions } from './gc.js'

/** `dist gc` by the services of a queue. Follows the collection unless `--detach` is given. Resolves to the exit code. */
export async function gcQueued(context: Context, address: QueueAddress, options: GcOptions): Promise<number> {
  const { grace, dryRun, detach = false } = options
  const store = await givenStoreId(options, context)
  await using report = await openReport(context, { json: options.json })
  await using queue = await openQueue(address, context, detach ? {} : persistentQueue(context))
  const { runs, obstacles } = queue
  const request: CollectionRequest = { grace, dryRun, listed: !detach }
  const submission = {
    submit: () => runs.collect(request, store),
    what: dryRun ? 'a dry run of a garbage collection' : 'a garbage collection',
    again: 'what is left is deleted',
  }
  return await submitRun(context, submission, options, { runs, obstacles, report })
}
