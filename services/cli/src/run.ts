import { type Code, codeOf, DistError, firstError, sanitize } from '@dist/errdefs'
import { CommanderError } from 'commander'
import type { Context } from './context.js'
import { exitCodeOf, exitCodes } from './exit.js'
import { sayFailure } from './output.js'
import { createProgram } from './program.js'
import { trace } from './trace.js'

/** Runs one command line; resolves to the exit code, and never rejects. */
export async function run(args: readonly string[], surroundings: Context): Promise<number> {
  const [verbose, json] = [isGiven(args, '-v', '--verbose'), isGiven(args, '--json')]
  const context: Context = { ...surroundings, verbose, json }
  let exitCode: number = exitCodes.done
  const onExit = (code: number) => {
    exitCode = code
  }
  const program = createProgram(context, onExit)
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
  if (!context.signal.aborted) {
    sayFailure(context, { code: codeOf(error), message: describeError(error) })
    trace(context, error)
  } else if (context.json) sayFailure(context, { code: 'CANCELED', message: 'interrupted' })
}

/** One line for a user. What is not ours is a defect, and says how to see more. */
export function describeError(thrown: unknown): string {
  const error = firstError(thrown)
  if (error instanceof DistError) return error.message
  const message = error instanceof Error ? error.message : String(error)
  return `internal error: ${sanitize(message, 500)} (run again with -v for more)`
}

/** The members that `--json` has for what failed. */
export function jsonError(error: unknown): { error: string; code: Code } {
  return { error: describeError(error), code: codeOf(error) }
}

function isGiven(args: readonly string[], ...flags: string[]): boolean {
  const end = args.indexOf('--')
  return (end < 0 ? args : args.slice(0, end)).some((arg) => flags.includes(arg))
}
