import { type Code, codeOf } from '@dist/errdefs'

/** The exit codes of `dist`. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  notAuthorised: 4,
  notVerified: 5,
  partlyDone: 6,
  interrupted: 130,
  terminated: 143,
} as const

const byCode: Partial<Record<Code, number>> = {
  INVALID_ARGUMENT: exitCodes.usage,
  NOT_FOUND: exitCodes.notFound,
  UNAUTHENTICATED: exitCodes.notAuthorised,
  PERMISSION_DENIED: exitCodes.notAuthorised,
  FAILED_PRECONDITION: exitCodes.notVerified,
}

export function exitCodeOf(error: unknown, signal?: AbortSignal): number {
  if (signal?.aborted) return signal.reason === 'SIGTERM' ? exitCodes.terminated : exitCodes.interrupted
  return exitCodeOfCode(codeOf(error))
}

export function exitCodeOfCode(code: Code): number {
  return byCode[code] ?? exitCodes.failed
}

/** The exit code of several results: that of the failures if they agree, `partlyDone` if some succeeded. */
export function exitCodeOfAll(results: readonly { error?: unknown }[], signal?: AbortSignal): number {
  if (signal?.aborted) return exitCodeOf(undefined, signal)
  const failures = results.filter((result) => result.error !== undefined)
  return exitCodeOfFailures(
    results.length - failures.length,
    new Set(failures.map(({ error }) => exitCodeOf(error))),
  )
}

/** The same for the number of successes and the exit codes of the failures. */
export function exitCodeOfFailures(succeeded: number, failures: ReadonlySet<number>): number {
  const [first] = failures
  if (first === undefined) return exitCodes.done
  if (succeeded > 0) return exitCodes.partlyDone
  return failures.size === 1 ? first : exitCodes.failed
}
