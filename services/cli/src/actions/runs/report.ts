import { sanitize } from '@dist/errdefs'
import type { RunStatus, Runs } from '@dist/queue'
import type { Context } from '../../context.js'
import { exitCodeOfCode, exitCodeOfFailures, exitCodes } from '../../exit.js'
import { note } from '../../output.js'
import type { Report } from '../mirror/report.js'

const againOf = { mirror: 'tries once more what failed', verify: 'looks once more at what is bad' }

/** Writes the report of a run that has ended; resolves to the exit code that the run comes to. */
export async function reportRun(
  context: Context,
  runs: Pick<Runs, 'images'>,
  { id, kind, to, state, images, error }: RunStatus,
  report: Report,
): Promise<number> {
  const summary = await report.write(runs.images(id), { run: id, total: images.total, kind, to })
  if (error !== undefined) {
    note(context, `run ${id}: ${sanitize(error.message, 500)}`)
    return exitCodeOfCode(error.code)
  }
  if (state === 'failed') note(context, `run ${id}: dist retry ${id} ${againOf[kind]}`)
  if (state !== 'canceled') return summary.exitCode
  note(context, `run ${id} was canceled`)
  return summary.exitCode || exitCodeOfFailures(summary.done, new Set([exitCodes.failed]))
}
