import { DistError } from '@dist/errdefs'
import { formatDuration } from '../output/format.js'

/** A signal that also aborts, with `DEADLINE_EXCEEDED`, when something takes too long. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal
  /** What ended the work: the deadline itself where it has passed, however the work put it, else the error given. */
  blame(error: unknown): unknown
}

/** What a timer can be set to; a longer one would fire at once. */
const longestTimer = 0x7fffffff

/** Starts the clock; `limit` is in milliseconds; 0 and none at all mean that there is no end. */
export function startDeadline(outer: AbortSignal, limit: number | undefined, what: string): Deadline {
  if (limit === undefined || limit === 0)
    return { signal: outer, blame: (error) => error, [Symbol.dispose]: () => {} }
  const controller = new AbortController()
  const reason = new DistError(
    'DEADLINE_EXCEEDED',
    `${what} not done after ${formatDuration(limit)}; allow more time with --timeout`,
  )
  const timer = setTimeout(() => controller.abort(reason), Math.min(limit, longestTimer))
  return {
    signal: AbortSignal.any([outer, controller.signal]),
    blame: (error) => (controller.signal.aborted && !outer.aborted ? reason : error),
    [Symbol.dispose]: () => clearTimeout(timer),
  }
}
