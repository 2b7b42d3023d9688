import type { Runs } from '@dist/runs'
import { Command } from 'commander'
import type { Context, Define } from '../context.js'
import { exitCodes } from '../errors/errors.js'
import { openQueue, requiredQueue } from '../open/queue.js'
import { type QueueOptions, withOutput, withQueue } from '../options.js'
import { plural } from '../output/format.js'
import { note, print, printJson } from '../output/print.js'
import { findRun } from './runs.js'

const examples = `
Tries the images that failed, and those that were canceled. Only their missing content is fetched. Prints the run and the
number of these images. --cause tries those alone that failed for one cause: dist status shows the causes of a run with many
failed images. The beginning of an id is enough if it is unique.

Examples:
  $ dist retry 01hx3k
  $ dist retry --cause 5d1fa2c09b7e 01hx3k
  $ dist retry 01hx3k && dist status --watch 01hx3k`

export const retryCommand: Define = (context, onExit) =>
  withQueue(withOutput(new Command('retry')))
    .argument('<run>', 'a run, as dist runs shows it')
    .option('--cause <id>', 'only images that failed for this cause, as dist status shows it')
    .addHelpText('after', examples)
    .action(async (run: string, options) => onExit(await retry(context, run, options)))

export interface RetryOptions extends QueueOptions {
  cause?: string | undefined
}

/** `dist retry`: runs the failed and the canceled images of a run again. */
export async function retry(context: Context, run: string, options: RetryOptions): Promise<number> {
  await using queue = await openQueue(await requiredQueue(options, context.env), context)
  return await retryRun(context, run, options, queue.runs)
}

export async function retryRun(
  context: Context,
  prefix: string,
  { json, cause }: RetryOptions,
  runs: Pick<Runs, 'resolve' | 'retry'>,
): Promise<number> {
  const run = await findRun(runs, prefix)
  const images = await runs.retry(run, { cause })
  if (json) printJson(context, { run, images })
  else print(context, `${run} ${plural(images, 'image')}`)
  const which = cause === undefined ? 'has failed or was canceled' : `has failed for the cause ${cause}`
  if (images === 0) note(context, `run ${run}: no image ${which}`)
  else note(context, `to follow it: dist status --watch ${run}`)
  return exitCodes.done
}
