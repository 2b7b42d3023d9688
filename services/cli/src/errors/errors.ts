import { type Code, codeOf, DistError, errnoOf, firstError, laterErrors, sanitize } from '@dist/errdefs'
import type { Context } from '../context.js'

/** The line of an error for the user. An error that is not a `DistError` is a defect: the line says how to see more. */
export function describeError(thrown: unknown): string {
  const error = firstError(thrown)
  if (error instanceof DistError) return error.message
  const message = error instanceof Error ? error.message : String(error)
  return `internal error: ${sanitize(message, 500)} (run again with -v for more)`
}

/** The members of an error in JSON. */
export function jsonError(error: unknown): { error: string; code: Code } {
  return { error: describeError(error), code: codeOf(error) }
}

type Meaning = readonly [Code, string]

const noAccess: Meaning = ['PERMISSION_DENIED', 'permission denied']

const meanings: Readonly<Record<string, Meaning>> = {
  EACCES: noAccess,
  EPERM: noAccess,
  EROFS: ['PERMISSION_DENIED', 'the file system is read-only'],
  ENOSPC: ['RESOURCE_EXHAUSTED', 'no space left on the device'],
  EDQUOT: ['RESOURCE_EXHAUSTED', 'the disk quota of this user is exhausted'],
  ENOENT: ['INVALID_ARGUMENT', 'no such file or directory'],
  ENOTDIR: ['INVALID_ARGUMENT', 'a part of the path is not a directory'],
  EISDIR: ['INVALID_ARGUMENT', 'it is a directory'],
  ENAMETOOLONG: ['INVALID_ARGUMENT', 'the name is too long for the file system'],
  EIO: ['INTERNAL', 'input/output error'],
}

/** What the system says about a file that the user named: "out.tar cannot be written: no space is left there (ENOSPC)". */
export function fileError(path: string, what: 'read' | 'written' | 'made', cause: unknown): DistError {
  const errno = errnoOf(cause) ?? 'unknown error'
  const [code, meaning] = meanings[errno] ?? ['INTERNAL', 'unexpected error']
  return new DistError(code, `${sanitize(path)}: cannot be ${what}: ${meaning} (${errno})`, { cause })
}

/** The exit codes of `dist`. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  notAuthorised: 4,
  notVerified: 5,
  partlyDone: 6,
  /** `--exit-code`: nothing failed, and something would change. */
  wouldChange: 7,
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

const longestLine = 1000

// Causes can be cyclic.
const deepest = 8

/** With `-v`, prints the stack of an error, of its causes, and of later errors. */
export function trace({ stderr, verbose = false }: Context, error: unknown): void {
  if (!verbose) return
  stderr.write(`${traceOf(error).join('\n')}\n`)
}

/** The same for one of several failures, but only for defects: the message of other errors is enough. */
export function traceDefect(context: Context, error: unknown): void {
  if (codeOf(error) === 'INTERNAL') trace(context, error)
}

function traceOf(error: unknown, depth = 0): string[] {
  const first = firstError(error)
  const cause: unknown = first instanceof Error ? first.cause : undefined
  return [
    ...linesOf(first),
    ...(cause === undefined || depth >= deepest ? [] : traceOf(cause, depth + 1)),
    ...laterErrors(error).flatMap((later) => ['after that, while closing:', ...traceOf(later, depth + 1)]),
  ]
}

/** The lines, sanitized: without control characters and secrets of URLs. */
function linesOf(error: unknown): string[] {
  const text = error instanceof Error ? (error.stack ?? `${error.name}: ${error.message}`) : String(error)
  const within = error instanceof AggregateError ? error.errors.slice(0, 10).flatMap(linesOf) : []
  return [
    ...text.split('\n').map((line) => sanitize(line, longestLine)),
    ...within.map((line) => `  ${line}`),
  ]
}
