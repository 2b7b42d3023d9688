import { codeOf } from '@dist/errdefs'
import { CommanderError } from 'commander'
import type { Context } from './context.js'
import { describeError, exitCodeOf, exitCodes, trace } from './errors/errors.js'
import { printFailure } from './output/print.js'
import { createProgram } from './program.js'

/** Runs one command line; resolves to the exit code, and never rejects. */
export async function run(
  args: readonly string[],
  streams: Omit<Context, 'verbose' | 'json'>,
): Promise<number> {
  const [verbose, json] = [isGiven(args, '-v', '--verbose'), isGiven(args, '--json')]
  const { env, stdout, stderr, signal } = streams
  // Node makes stdin when it is first read from `process`. Most commands do not need it.
  const context: Context = {
    ...{ env, stdout, stderr, signal, verbose, json },
    get stdin() {
      return streams.stdin
    },
  }
  let exitCode: number = exitCodes.done
  const onExit = (code: number) => {
    exitCode = code
  }
  try {
    const program = await createProgram(context, onExit, namedCommand(args))
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
    printFailure(context, { code: codeOf(error), message: describeError(error) })
    trace(context, error)
  } else if (context.json) printFailure(context, { code: 'CANCELED', message: 'interrupted' })
}

function isGiven(args: readonly string[], ...flags: string[]): boolean {
  const end = args.indexOf('--')
  return (end < 0 ? args : args.slice(0, end)).some((arg) => flags.includes(arg))
}

/** The command that the arguments name; undefined without one. The program has no option that takes a value. */
function namedCommand(args: readonly string[]): string | undefined {
  const [first, second] = args.filter((arg) => !arg.startsWith('-'))
  return first === 'help' ? second : first
}
