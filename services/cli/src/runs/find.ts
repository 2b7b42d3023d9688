import { DistError, isNotFound } from '@dist/errdefs'
import type { RunStatus, Runs } from '@dist/runs'

/** The run of that id, or the latest one. Throws `NOT_FOUND`, and says what that may mean. */
export async function findRun(
  runs: Pick<Runs, 'list' | 'status'>,
  run: string | undefined,
): Promise<RunStatus> {
  if (run !== undefined) return knownRun(run, () => runs.status(run))
  const [latest] = await runs.list()
  if (latest !== undefined) return latest
  throw new DistError('NOT_FOUND', 'the queue knows no run: dist mirror and dist verify submit some')
}

/** What `call` does with a run; where the queue does not know it the error says what that may mean. */
export async function knownRun<T>(run: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (cause) {
    if (!isNotFound(cause)) throw cause
    throw new DistError(
      'NOT_FOUND',
      `the queue knows no run ${run}: if there was one it is lost, or ended long ago; submit it again with ` +
        'dist mirror (only what is missing is fetched) or dist verify',
      { cause },
    )
  }
}
