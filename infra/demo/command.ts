import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { bold, excerpt } from './screen.js'

const program = fileURLToPath(new URL('../../services/cli/bin/dist.mjs', import.meta.url))

export interface CommandOptions {
  readonly signal: AbortSignal
  readonly env?: Readonly<Record<string, string>> | undefined
  /** Where it runs. Default: here. */
  readonly cwd?: string | undefined
  /** The arguments that the reader sees, where those are not all. */
  readonly shown?: readonly string[] | undefined
  /** Show so many lines of its output, and the last one. Default: all. */
  readonly lines?: number | undefined
}

/**
 * Shows a command line and runs it with this terminal; resolves to its output where `lines` is given. Throws where it
 * does not end with 0.
 */
export async function runDist(args: readonly string[], options: CommandOptions): Promise<readonly string[]> {
  const { signal, env, cwd, shown = args, lines } = options
  if (!existsSync(program)) throw new Error('the dist command is not there: services/cli/bin/dist.mjs')
  signal.throwIfAborted()
  console.log(bold(`$ dist ${commandLine(shown)}`))
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', lines === undefined ? 'inherit' : 'pipe', 'inherit'],
    env: { ...process.env, ...env },
    cwd,
  })
  const output = linesOf(child)
  const interrupted = () =>
    endSoon(() => child.exitCode === null && child.signalCode === null, child.kill.bind(child))
  signal.addEventListener('abort', interrupted, { once: true })
  const [code, killedBy] = await once(child, 'close')
  signal.removeEventListener('abort', interrupted)
  signal.throwIfAborted()
  excerpt(output, code === 0 ? lines : undefined)
  if (code !== 0) throw new Error(`dist ${args[0]} ended with ${killedBy ?? `exit status ${code}`}`)
  return output
}

function linesOf({ stdout }: ChildProcess): string[] {
  const lines: string[] = []
  if (stdout !== null) createInterface({ input: stdout }).on('line', (line) => lines.push(line))
  return lines
}

// A terminal's Ctrl-C has reached the command as well, which is given the time to end by itself.
function endSoon(runs: () => boolean, kill: (signal: NodeJS.Signals) => void): void {
  setTimeout(() => runs() && kill('SIGTERM'), 500).unref()
  setTimeout(() => runs() && kill('SIGKILL'), 3_000).unref()
}

/** One reference a line where the line would be long. */
function commandLine(args: readonly string[]): string {
  const line = args.join(' ')
  return line.length < 90 ? line : args.join(' \\\n    ')
}
