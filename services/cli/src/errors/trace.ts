import { codeOf, firstError, laterErrors, sanitize } from '@dist/errdefs'
import type { Context } from '../context.js'

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
