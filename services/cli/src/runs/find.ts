import { DistError, isNotFound } from '@dist/errdefs'
import type { RunStatus, Runs } from '@dist/runs'

/**
 * The id of the run that the user means: a whole id, or the beginning of one. Throws `NOT_FOUND` with advice, and
 * `INVALID_ARGUMENT` where several runs begin so.
 */
export async function findRun(runs: Pick<Runs, 'resolve'>, prefix: string): Promise<string> {
  try {
    return await runs.resolve(prefix)
  } catch (cause) {
    throw isNotFound(cause) ? unknownRun(prefix, cause) : cause
  }
}

/** The status of the run that the user means; by default of the latest one. Throws as `findRun`. */
export async function runStatus(
  runs: Pick<Runs, 'list' | 'resolve' | 'status'>,
  prefix: string | undefined,
): Promise<RunStatus> {
  if (prefix !== undefined) return await runs.status(await findRun(runs, prefix))
  const [latest] = await runs.list({ limit: 1 })
  if (latest !== undefined) return latest
  throw new DistError('NOT_FOUND', 'the queue has no run: dist mirror and dist verify submit runs')
}

function unknownRun(run: string, cause: unknown): DistError {
  return new DistError(
    'NOT_FOUND',
    `run ${run}: not in the queue: it is lost or was removed some time after its end; submit it again with dist mirror ` +
      '(only missing content is fetched) or dist verify',
    { cause },
  )
}
