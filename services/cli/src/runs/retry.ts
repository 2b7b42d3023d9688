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
number of these images. The beginning of an id is enough if it is unique.

Examples:
  $ dist retry 01hx3k
  $ dist retry 01hx3k && dist status --watch 01hx3k`

export const retryCommand: Define = (context, onExit) =>
  withQueue(withOutput(new Command('retry')))
    .argument('<run>', 'a run, as dist runs shows it')
    .addHelpText('after', examples)
    .action(async (run: string, options) => onExit(await retry(context, run, options)))

/** `dist retry`: runs the failed and the canceled images of a run again. */
export async function retry(context: Context, run: string, options: QueueOptions): Promise<number> {
  await using queue = await openQueue(await requiredQueue(options, context.env), context)
  return await retryRun(context, run, options, queue.runs)
}

export async function retryRun(
  context: Context,
  prefix: string,
  { json }: QueueOptions,
  runs: Pick<Runs, 'resolve' | 'retry'>,
): Promise<number> {
  const run = await findRun(runs, prefix)
  const images = await runs.retry(run)
  if (json) printJson(context, { run, images })
  else print(context, `${run} ${plural(images, 'image')}`)
  if (images === 0) note(context, `run ${run}: no image has failed or was canceled`)
  else note(context, `to follow it: dist status --watch ${run}`)
  return exitCodes.done
}
