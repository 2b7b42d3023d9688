import { DistError } from '@dist/errdefs'
import { formatDuration } from '../output/format.js'

/** A signal that also aborts at a deadline, with `DEADLINE_EXCEEDED`. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal
  /** The error of the deadline if it has passed, else the given error. */
  blame(error: unknown): unknown
}

/** The longest timer. A longer one would fire at once. */
const longestTimer = 0x7fffffff

/** Starts a deadline. `limit` is in milliseconds; undefined and 0 mean no deadline. */
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
