import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { bold } from './screen.js'

const program = fileURLToPath(new URL('../../services/cli/bin/dist.mjs', import.meta.url))

/**
 * Shows a command line and runs it with this terminal. `shown` stands for the arguments that the reader has seen.
 * Throws where it does not end with 0.
 */
export async function runDist(
  args: readonly string[],
  { store, signal, shown = args }: { store: string; signal: AbortSignal; shown?: readonly string[] },
): Promise<void> {
  if (!existsSync(program)) throw new Error('the dist command is not there: services/cli/bin/dist.mjs')
  console.log(bold(`$ dist ${commandLine(shown)}`))
  const env = { ...process.env, DIST_STORE: store }
  const child = spawn(process.execPath, [program, ...args], { stdio: 'inherit', env })
  const interrupted = () =>
    endSoon(() => child.exitCode === null && child.signalCode === null, child.kill.bind(child))
  signal.addEventListener('abort', interrupted, { once: true })
  const [code, killedBy] = await once(child, 'exit')
  signal.removeEventListener('abort', interrupted)
  signal.throwIfAborted()
  if (code !== 0) throw new Error(`dist ${args[0]} ended with ${killedBy ?? `exit status ${code}`}`)
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
