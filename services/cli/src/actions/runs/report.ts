import type { RunStatus, Runs } from '@dist/queue'
import type { Context } from '../../context.js'
import { exitCodeOfFailures, exitCodes } from '../../exit.js'
import { note } from '../../output.js'
import type { Report } from '../mirror/report.js'

/** Writes the report of a run that has ended; resolves to the exit code that the run comes to. */
export async function reportRun(
  context: Context,
  runs: Pick<Runs, 'images'>,
  { id, state, images }: RunStatus,
  report: Report,
): Promise<number> {
  const summary = await report.write(runs.images(id), { run: id, total: images.total })
  if (state === 'failed') note(context, `run ${id}: dist retry ${id} tries once more what failed`)
  if (state !== 'canceled') return summary.exitCode
  note(context, `run ${id} was canceled`)
  return summary.exitCode || exitCodeOfFailures(summary.done, new Set([exitCodes.failed]))
}
