import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { bundleProgram, waitFor } from '@dist/testkit/servers'

export interface Program extends AsyncDisposable {
  readonly process: ChildProcess
  /** The lines that it has written so far. */
  readonly lines: readonly string[]
  /** Resolves when it has written the line. */
  says(line: string): Promise<void>
  /** Resolves with its exit code. */
  ended(): Promise<number | null>
}

const program = await bundleProgram({
  script: `
    import * as lib from '@dist/redis'
    const [url, body] = process.argv.slice(2)
    const redis = await lib.connectRedis(url)
    const AsyncFunction = (async () => {}).constructor
    await AsyncFunction('lib', 'redis', 'say', body)(lib, redis, (line) => console.log(line))`,
})

/**
 * A separate process that runs statements with `redis`, a client of the given server, `lib`, the exports of @dist/redis, and
 * `say`, which writes a line. Dispose kills it.
 */
export function startProgram(url: string, body: string): Program {
  const child = spawn(process.execPath, [program, url, body], { stdio: ['ignore', 'pipe', 'inherit'] })
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
