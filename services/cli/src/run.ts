import { DistError, firstError, sanitize } from '@dist/errdefs'
import { CommanderError } from 'commander'
import type { Context } from './context.js'
import { exitCodeOf, exitCodes } from './exit.js'
import { createProgram } from './program.js'
import { trace } from './trace.js'

/** Runs one command line; resolves to the exit code, and never rejects. */
export async function run(args: readonly string[], surroundings: Context): Promise<number> {
  const context: Context = { ...surroundings, verbose: isVerbose(args) }
  let exitCode: number = exitCodes.done
  const program = createProgram(context, (code) => {
    exitCode = code
  })
  try {
    await program.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage
    report(error, context)
    return exitCodeOf(error, context.signal)
  }
}

function report(error: unknown, context: Context): void {
  if (context.signal.aborted) return
  context.stderr.write(`dist: ${describeError(error)}\n`)
  trace(context, error)
}

/** One line for a user. What is not ours is a defect, and says how to see more. */
export function describeError(thrown: unknown): string {
  const error = firstError(thrown)
  if (error instanceof DistError) return error.message
  const message = error instanceof Error ? error.message : String(error)
  return `internal error: ${sanitize(message, 500)} (run again with -v for more)`
}

function isVerbose(args: readonly string[]): boolean {
  const end = args.indexOf('--')
  return (end < 0 ? args : args.slice(0, end)).some((arg) => arg === '-v' || arg === '--verbose')
}
