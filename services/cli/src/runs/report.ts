import { sanitize, unlessAborted } from '@dist/errdefs'
import type { RunStatus, Runs } from '@dist/runs'
import type { Context } from '../context.js'
import { describeError, exitCodeOfCode, exitCodeOfFailures, exitCodes } from '../errors/errors.js'
import { note } from '../output/print.js'
import { reportCollected } from '../report/collection.js'
import type { Report } from '../report/report.js'

/** Milliseconds for the report of a run that the command detaches from. */
const shutdownGraceMs = 5_000

const againOf = {
  mirror: 'runs the failed images again',
  verify: 'verifies the bad content again',
  repair: 'tries to repair the failed images again',
}

/** Writes the report of a run that has ended. Resolves to the exit code of the run. */
export async function reportRun(
  context: Context,
  runs: Pick<Runs, 'images' | 'deleted'>,
  status: RunStatus,
  report: Report,
): Promise<number> {
  const { id, kind, to, state, images, pruned, repair, remarks, error } = status
  if (kind === 'collect') return reportCollected(context, runs, status, report)
  const summary = await report.write(runs.images(id), { run: id, total: images.total, kind, to })
  for (const remark of remarks) note(context, sanitize(remark, 500))
  if (error !== undefined) {
    note(context, `run ${id}: ${sanitize(error.message, 500)}`)
    return exitCodeOfCode(error.code)
  }
  const canRetry = repair === undefined && (images.failed > 0 || pruned.failed === 0)
  if (state === 'failed' && canRetry) note(context, `run ${id}: dist retry ${id} ${againOf[kind]}`)
  if (state !== 'canceled') return summary.exitCode
  note(context, `run ${id} was canceled`)
  return summary.exitCode || exitCodeOfFailures(summary.done, new Set([exitCodes.failed]))
}

/** Writes the report so far of a run that continues, if a report was requested. Bounded in time; never throws. */
export async function reportSoFar(
  context: Context,
  runs: Pick<Runs, 'status' | 'images'>,
  run: string,
  report: Report,
): Promise<void> {
  if (!report.wanted) return
  const write = async () => {
    const { kind, to, images } = await runs.status(run)
    if (kind === 'collect') return
    await report.write(runs.images(run), { run, total: images.total, kind, to })
  }
  try {
    await unlessAborted(write(), AbortSignal.timeout(shutdownGraceMs))
  } catch (error) {
    note(context, `run ${run}: its progress could not be read: ${describeError(error)}`)
  }
}
