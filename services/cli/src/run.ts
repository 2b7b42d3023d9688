import { DistError, sanitize } from '@dist/errdefs'
import { CommanderError } from 'commander'
import type { Context } from './context.js'
import { exitCodeOf, exitCodes } from './exit.js'
import { createProgram } from './program.js'

/** Runs one command line; resolves to the exit code, and never rejects. */
export async function run(args: readonly string[], context: Context): Promise<number> {
  let exitCode: number = exitCodes.done
  const program = createProgram(context, (code) => {
    exitCode = code
  })
  try {
    await program.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage
    report(error, args, context)
    return exitCodeOf(error, context.signal)
  }
}

function report(error: unknown, args: readonly string[], { stderr, signal }: Context): void {
  if (signal.aborted) return
  stderr.write(`dist: ${describeError(error)}\n`)
  if (!isVerbose(args)) return
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
    stderr.write(`${cause.stack ?? cause.message}\n`)
}

/** One line for a user. What is not ours is a defect, and says how to see more. */
export function describeError(error: unknown): string {
  if (error instanceof DistError) return error.message
  const message = error instanceof Error ? error.message : String(error)
  return `internal error: ${sanitize(message, 500)} (run again with -v for more)`
}

function isVerbose(args: readonly string[]): boolean {
  const end = args.indexOf('--')
  return (end < 0 ? args : args.slice(0, end)).some((arg) => arg === '-v' || arg === '--verbose')
}
