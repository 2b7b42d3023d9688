import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'

export interface ServerOptions {
  /** Probed until it answers true; a rejection counts as "not yet". */
  ready: () => Promise<boolean>
  /** How long the server may take until it is ready, in milliseconds. */
  timeout?: number | undefined
  /** Removed after the server's end, also when this process was killed. */
  directory?: string | undefined
  env?: Readonly<Record<string, string>> | undefined
  /** Sees every line of stdout and stderr. */
  onLine?: ((line: string) => void) | undefined
}

export interface ServerProcess {
  readonly pid: number
  /** The last lines that the server wrote, for error messages. */
  log(): string
  /** Ends this server and nothing else; safe to call twice. */
  stop(): Promise<void>
}

const keptLines = 200

/**
 * Starts a server and waits until it is ready. It does not outlive this process, however that ends: a guard holds
 * the other end of a pipe and kills the server when the pipe closes.
 */
export async function startServer(
  command: string,
  args: readonly string[],
  options: ServerOptions,
): Promise<ServerProcess> {
  // In a separate process group Ctrl-C reaches the parent only, which then stops its servers in order.
  const child = spawn(command, args, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
  })
  const lines = collectLines(child, options.onLine)
  const failed = once(child, 'error').then(([error]) => Promise.reject(error as Error))
  failed.catch(() => {})
  await Promise.race([once(child, 'spawn'), failed])
  const pid = child.pid ?? 0
  const release = guard(child, pid, options.directory)
  const server = { pid, log: () => lines.join('\n'), stop: () => stop(child).finally(release) }
  try {
    await untilReady(child, options, command)
  } catch (error) {
    await server.stop()
    throw new Error(`${(error as Error).message}\n${server.log()}`)
  }
  return server
}

/** Probes until the condition holds; throws after the timeout (milliseconds). */
export async function waitFor(
  condition: () => boolean | Promise<boolean>,
  what: string,
  timeout = 10_000,
): Promise<void> {
  const end = performance.now() + timeout
  for (let pause = 5; ; pause = Math.min(pause * 1.5, 100)) {
    if (await condition()) return
    if (performance.now() > end) throw new Error(`${what}: not within ${timeout / 1000} s`)
    await delay(pause)
  }
}

function collectLines(child: ChildProcess, onLine?: (line: string) => void): string[] {
  const lines: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue
    createInterface({ input: stream }).on('line', (line) => {
      if (lines.push(line) > keptLines) lines.shift()
      onLine?.(line)
    })
  }
  return lines
}

async function untilReady(child: ChildProcess, options: ServerOptions, command: string): Promise<void> {
  const probe = async () => {
    if (hasEnded(child)) throw new Error(`${command} ended before it was ready`)
    return await options.ready().catch(() => false)
  }
  await waitFor(probe, `${command} becoming ready`, options.timeout ?? 15_000)
}

// The shell reads until the pipe's end: nothing is ever written, so it ends with this process. In a group of its
// own, so that no signal for this process reaches it.
function guard(child: ChildProcess, pid: number, directory = ''): () => void {
  const script = 'cat >/dev/null; kill -KILL "$1" 2>/dev/null; [ -z "$2" ] || rm -rf -- "$2"'
  const watcher = spawn('sh', ['-c', script, 'guard', String(pid), directory], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  watcher.unref()
  ;(watcher.stdin as unknown as { unref?: (() => void) | undefined } | null)?.unref?.()
  // Another process may get the pid of a server that ended: the guard must end with the server.
  const disarm = () => {
    if (watcher.exitCode === null && watcher.signalCode === null && watcher.pid) killGroup(watcher.pid)
  }
  child.once('exit', disarm)
  return disarm
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return
  const ended = once(child, 'close')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 3_000)
  await ended
  clearTimeout(timer)
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}
