import type { Command } from 'commander'
/** Input and output of a command. Data goes to stdout, everything else to stderr. */
export interface Context {
  readonly env: NodeJS.ProcessEnv
  /** With its file descriptor, where it has one. */
  readonly stdin: NodeJS.ReadStream & { readonly fd?: number | undefined }
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  /** Aborts on SIGINT and SIGTERM, with the signal's name as reason. */
  readonly signal: AbortSignal
  /** Whether `-v` is given: errors are printed with their stack traces. Default: false. */
  readonly verbose?: boolean | undefined
  /** Whether `--json` is given: an error that ends the command is JSON, too. Default: false. */
  readonly json?: boolean | undefined
}

/**
 * Defines one command. Its action passes its exit code to `onExit`. `loadTree` loads the whole command tree, for a command
 * that describes the others.
 */
export type Define = (
  context: Context,
  onExit: (code: number) => void,
  loadTree: () => Promise<Command>,
) => Command

/** The value of an environment variable. An empty value counts as not set. */
export function variable(env: Context['env'], name: string): string | undefined {
  return env[name] || undefined
}
