import { codeOf, firstError, laterErrors, sanitize } from '@dist/errdefs'
import type { Context } from '../context.js'

const longestLine = 1000

// Causes may lead back to where they come from.
const deepest = 8

/** With `-v`: where an error comes from and what led to it; then what failed after it. */
export function trace({ stderr, verbose = false }: Context, error: unknown): void {
  if (!verbose) return
  stderr.write(`${traceOf(error).join('\n')}\n`)
}

/** The same for one of several failures: of those with a code their line says enough. */
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

/** Line by line: what stands there must not move the cursor, nor show what a URL carries. */
function linesOf(error: unknown): string[] {
  const text = error instanceof Error ? (error.stack ?? `${error.name}: ${error.message}`) : String(error)
  const within = error instanceof AggregateError ? error.errors.slice(0, 10).flatMap(linesOf) : []
  return [
    ...text.split('\n').map((line) => sanitize(line, longestLine)),
    ...within.map((line) => `  ${line}`),
  ]
}
