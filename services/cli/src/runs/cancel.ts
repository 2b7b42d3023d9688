import type { Runs } from '@dist/runs'
import { Command } from 'commander'
import type { Context, Define } from '../context.js'
import { exitCodes } from '../errors/errors.js'
import { openQueue, requiredQueue } from '../open/queue.js'
import { type QueueOptions, withOutput, withQueue } from '../options.js'
import { print, printJson } from '../output/print.js'
import { findRun } from './runs.js'

const examples = `
Workers stop within a second or so. Published images stay published. dist retry runs the other images again. The beginning
of an id is enough if it is unique.

Examples:
  $ dist cancel 01hx3k`

export const cancelCommand: Define = (context, onExit) =>
  withQueue(withOutput(new Command('cancel')))
    .argument('<run>', 'a run, as dist runs shows it')
    .addHelpText('after', examples)
    .action(async (run: string, options) => onExit(await cancel(context, run, options)))

/** `dist cancel`: cancels a run. Published images stay published. */
export async function cancel(context: Context, run: string, options: QueueOptions): Promise<number> {
  await using queue = await openQueue(await requiredQueue(options, context.env), context)
  return await cancelRun(context, run, options, queue.runs)
}

export async function cancelRun(
  context: Context,
  prefix: string,
  { json }: QueueOptions,
  runs: Pick<Runs, 'cancel' | 'resolve'>,
): Promise<number> {
  const run = await findRun(runs, prefix)
  await runs.cancel(run)
  if (json) printJson(context, { run })
  else print(context, run)
  return exitCodes.done
}
