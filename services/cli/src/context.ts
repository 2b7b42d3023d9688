/** Where a command gets its input and puts its output. Data goes to stdout, everything else to stderr. */
export interface Context {
  readonly env: NodeJS.ProcessEnv
  /** With the descriptor that it reads from, where it has one. */
  readonly stdin: NodeJS.ReadStream & { readonly fd?: number | undefined }
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  /** Aborts on SIGINT and SIGTERM, with the signal's name as reason. */
  readonly signal: AbortSignal
  /** Whether `-v` is given: where errors come from is shown. Default: false. */
  readonly verbose?: boolean | undefined
  /** Whether `--json` is given: what fails as a whole is told in JSON, too. Default: false. */
  readonly json?: boolean | undefined
}

/** What an action does with its arguments; resolves to the exit code. */
export type Action<Arguments extends unknown[]> = (context: Context, ...args: Arguments) => Promise<number>
