import { fileURLToPath } from 'node:url'
import { startServer, waitFor } from '@dist/testkit/servers'
import { loader, serviceProgram } from './program.js'
import type { LogLine } from './services.js'

export type Name = 'coordinator' | 'worker'

/** A coordinator or a worker in a separate process, which ends with this one. */
export interface ServiceProcess {
  readonly name: Name
  readonly pid: number
  /** Its log. */
  lines(): readonly LogLine[]
  /** Resolves when `count` lines match. */
  logged(what: string, matches: (line: LogLine) => boolean, count?: number): Promise<void>
  /** `kill -9`, unless it has ended; resolves at its end. */
  kill(): Promise<void>
  /** SIGTERM; resolves at its end. */
  stop(): Promise<void>
}

/** Starts a program with node and waits for `ready` in its log. */
export async function startProcess(
  name: Name,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<ServiceProcess> {
  const lines: LogLine[] = []
  const onLine = (line: string) => {
    if (line.startsWith('{')) lines.push(JSON.parse(line) as LogLine)
  }
  const ready = async () => lines.some(({ msg }) => msg === 'ready')
  const { pid, stop } = await startServer(process.execPath, args, { ready, env, onLine, timeout: 30_000 })
  let gone = false
  return {
    name,
    pid,
    lines: () => lines,
    logged: (what, matches, count = 1) =>
      waitFor(() => lines.filter(matches).length >= count, `${what} in the log of a ${name}`, 20_000),
    kill: async () => {
      if (!gone) process.kill(pid, 'SIGKILL')
      gone = true
      await stop()
    },
    stop: async () => {
      gone = true
      await stop()
    },
  }
}

/** The programs as users run them. */
export function realProgram(name: Name): string[] {
  return [serviceProgram(name)]
}

/** The same with short time-outs, which users cannot set. */
export function hastyProgram(name: Name): string[] {
  return [fileURLToPath(new URL('hasty-program.mjs', import.meta.url)), loader(), name]
}
