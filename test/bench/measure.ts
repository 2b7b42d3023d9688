import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** One run of a command, from its start to its end. */
export interface Measurement {
  /** Seconds on the clock. */
  readonly wall: number
  /** Seconds of CPU, user and system, of the command and its children. */
  readonly cpu: number
  /** The peak of the resident set in bytes; of several processes that of the largest. */
  readonly peak: number
}

export interface MeasureOptions {
  /** More variables of the environment. */
  readonly env?: Readonly<Record<string, string>> | undefined
  /** Milliseconds that the command may take. Default: five minutes. */
  readonly timeLimit?: number | undefined
}

/** Runs a command under GNU time. Throws, with the end of its output, where it fails or takes longer than it may. */
export async function measure(
  command: readonly string[],
  scratch: string,
  { env, timeLimit = 300_000 }: MeasureOptions = {},
): Promise<Measurement> {
  const figures = join(scratch, 'time')
  const log = join(scratch, 'log')
  const output = openSync(log, 'w')
  // What earlier runs have written must not be paid for by this one.
  execFileSync('sync')
  const started = process.hrtime.bigint()
  const child = spawn('/usr/bin/time', ['-o', figures, '-f', '%U %S %M', ...command], {
    stdio: ['ignore', output, output],
    // A group of its own, to end the command together with GNU time.
    detached: true,
    env: { ...process.env, ...env },
  })
  const stop = () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid)
  }
  const timer = setTimeout(stop, timeLimit)
  // A signal ends the bench, and must not leave the command behind.
  process.on('exit', stop)
  const [code] = await once(child, 'exit')
  process.off('exit', stop)
  clearTimeout(timer)
  const wall = Number(process.hrtime.bigint() - started) / 1e9
  closeSync(output)
  if (code !== 0) throw new Error(`${command.slice(0, 3).join(' ')} failed (${code}):\n${tail(log)}`)
  const [user = 0, system = 0, kilobytes = 0] = lastLine(figures).split(' ').map(Number)
  return { wall, cpu: user + system, peak: kilobytes * 1024 }
}

/** Throws where a blob is missing below the folder, or has another size; layouts differ only in where blobs lie. */
export function checkComplete(folder: string, contents: ReadonlyMap<string, number>): void {
  const sizes = new Map<string, number>()
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (/^[0-9a-f]{64}$/.test(entry.name)) {
      sizes.set(`sha256:${entry.name}`, statSync(join(entry.parentPath, entry.name)).size)
    }
  }
  const wrong = [...contents].filter(([digest, size]) => sizes.get(digest) !== size)
  if (wrong.length > 0)
    throw new Error(`${wrong.length} of ${contents.size} objects are missing, e.g. ${wrong[0]}`)
}

/** The median of each figure. */
export function median(runs: readonly Measurement[]): Measurement {
  return {
    wall: medianOf(runs.map(({ wall }) => wall)),
    cpu: medianOf(runs.map(({ cpu }) => cpu)),
    peak: medianOf(runs.map(({ peak }) => peak)),
  }
}

export function medianOf(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2
}

function lastLine(file: string): string {
  return readFileSync(file, 'utf8').trim().split('\n').at(-1) ?? ''
}

function tail(file: string): string {
  return readFileSync(file, 'utf8').trim().split('\n').slice(-10).join('\n')
}
