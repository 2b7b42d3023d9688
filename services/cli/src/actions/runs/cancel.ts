import type { Runs } from '@dist/runs'
import { requiredQueue } from '@dist/settings'
import { openQueue } from '@dist/wiring'
import type { Context } from '../../context.js'
import { exitCodes } from '../../exit.js'
import type { QueueOptions } from '../../options.js'
import { print, printJson } from '../../output.js'
import { knownRun } from './find.js'

/** `dist cancel`: nothing of a run goes on; what it has published stays. */
export async function cancel(context: Context, run: string, options: QueueOptions): Promise<number> {
  await using queue = await openQueue(requiredQueue(options, context.env), context.env)
  return await cancelRun(context, run, options, queue.runs)
}

export async function cancelRun(
  context: Context,
  run: string,
  { json }: QueueOptions,
  runs: Pick<Runs, 'cancel'>,
): Promise<number> {
  await knownRun(run, () => runs.cancel(run))
  if (json) printJson(context, { run })
  else print(context, run)
  return exitCodes.done
}
