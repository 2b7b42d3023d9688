import type { Runs } from '@dist/runs'
import { Command } from 'commander'
import type { Context, Define } from '../context.js'
import { exitCodes } from '../errors/exit.js'
import { openQueue, requiredQueue } from '../open/queue.js'
import { type QueueOptions, withOutput, withQueue } from '../options.js'
import { plural } from '../output/format.js'
import { note, print, printJson } from '../output/print.js'
import { knownRun } from './find.js'

const examples = `
Only the images that failed are tried again, and of them only what is missing is fetched. Prints the run and how many
images that are.

Examples:
  $ dist retry 01hx3k
  $ dist retry 01hx3k && dist status --watch 01hx3k`

export const retryCommand: Define = (context, onExit) =>
  withQueue(withOutput(new Command('retry')))
    .argument('<run>', 'a run, as dist runs shows it')
    .addHelpText('after', examples)
    .action(async (run: string, options) => onExit(await retry(context, run, options)))

/** `dist retry`: tries the images of a run that failed once more. */
export async function retry(context: Context, run: string, options: QueueOptions): Promise<number> {
  await using queue = await openQueue(await requiredQueue(options, context.env), context)
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
