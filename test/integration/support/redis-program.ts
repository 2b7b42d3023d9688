import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { waitFor } from '@dist/testkit/servers'

export interface Program extends AsyncDisposable {
  readonly process: ChildProcess
  /** The lines that it has written so far. */
  readonly lines: readonly string[]
  /** Resolves when it has written the line. */
  says(line: string): Promise<void>
  /** Resolves with its exit code. */
  ended(): Promise<number | null>
}

/**
 * A separate process that runs a module with `redis`, a client of the given server, and `lib`, the exports of
 * @dist/redis. Dispose kills it.
 */
export function startProgram(url: string, body: string): Program {
  const script = `
    import * as lib from '@dist/redis'
    const redis = await lib.connectRedis(${JSON.stringify(url)})
    const say = (line) => console.log(line)
    ${body}`
  const args = ['--import', 'tsx', '--conditions=source', '--input-type=module', '-e', script]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: string[] = []
  if (child.stdout !== null) createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  const ended = once(child, 'close').then(([code]) => code as number | null)
  return {
    process: child,
    lines,
    says: (line) => waitFor(() => lines.includes(line), `the program saying ${line}`, 20_000),
    ended: () => ended,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}
