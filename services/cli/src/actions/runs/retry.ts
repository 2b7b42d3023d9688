import type { Runs } from '@dist/runs'
import { requiredQueue } from '@dist/settings'
import { openQueue } from '@dist/wiring'
import type { Context } from '../../context.js'
import { exitCodes } from '../../exit.js'
import type { QueueOptions } from '../../options.js'
import { note, print, printJson } from '../../output.js'
import { plural } from '../mirror/summary.js'
import { knownRun } from './find.js'

/** `dist retry`: tries the images of a run that failed once more. */
export async function retry(context: Context, run: string, options: QueueOptions): Promise<number> {
  await using queue = await openQueue(requiredQueue(options, context.env), context.env)
  return await retryRun(context, run, options, queue.runs)
}

export async function retryRun(
  context: Context,
  run: string,
  { json }: QueueOptions,
  runs: Pick<Runs, 'retry'>,
): Promise<number> {
  const images = await knownRun(run, () => runs.retry(run))
  if (json) printJson(context, { run, images })
  else print(context, `${run} ${plural(images, 'image')}`)
  if (images === 0) note(context, `run ${run}: nothing of it has failed`)
  else note(context, `follow it with: dist status --watch ${run}`)
  return exitCodes.done
}
