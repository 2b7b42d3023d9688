import { setTimeout as delay } from 'node:timers/promises'
import type { Status } from '@dist/content'
import { throwIfAborted } from '@dist/errdefs'
import type { Context } from '../context.js'
import { exitCodeOf, exitCodes } from '../errors/errors.js'
import { formatBytes, formatDuration, shownName } from '../output/format.js'
import { printJson } from '../output/print.js'
import { type Column, type TableOptions, tableFor } from '../output/table.js'
import { clip } from '../output/width.js'

/** A write in progress, or an interrupted one. */
export interface ActiveRow
  extends Pick<Status, 'ref' | 'offset' | 'total' | 'startedAt' | 'updatedAt'>,
    Partial<Pick<Status, 'expected' | 'live'>> {
  /** The worker, with a queue. */
  readonly worker?: string | undefined
  /** Bytes per second, of a write in progress. */
  readonly speed: number | undefined
  /** Milliseconds. */
  readonly age: number
}

export interface ActiveViewOptions extends TableOptions {
  json?: boolean | undefined
  watch?: boolean | undefined
  /** Whether rows name workers. */
  workers?: boolean | undefined
  /** Milliseconds between the two samples of a speed. Default: 1,000. */
  pause?: number | undefined
}

/** Milliseconds between two refreshes of `--watch`. */
const interval = 1000

/** Shows the rows that `look` returns, once or until the signal aborts. */
export async function showActive(
  context: Context,
  { json, watch, workers = false, pause = interval, ...options }: ActiveViewOptions,
  look: () => Promise<ActiveRow[]>,
): Promise<number> {
  const show = json ? jsonView(context) : tableView(context, workers, options)
  for (;;) {
    const rows = await look()
    if (!watch) {
      show(rows.some(({ live }) => live !== false) ? await lookAgain(context, look, pause) : rows)
      return exitCodes.done
    }
    show(rows)
    await delay(interval, undefined, { signal: context.signal }).catch(() => {})
    if (context.signal.aborted) return exitCodeOf(undefined, context.signal)
  }
}

/** A speed needs two samples. */
async function lookAgain(
  { signal }: Context,
  look: () => Promise<ActiveRow[]>,
  pause: number,
): Promise<ActiveRow[]> {
  await delay(pause, undefined, { signal }).catch(() => {})
  throwIfAborted(signal)
  return await look()
}

type View = (rows: readonly ActiveRow[]) => void

function jsonView(context: Context): View {
  return (rows) => {
    for (const { speed, age, ...status } of rows) {
      const rounded = speed === undefined ? {} : { speed: Math.round(speed) }
      printJson(context, { ...status, age: age / 1000, ...rounded })
    }
  }
}

const columns: readonly Column[] = [
  { title: 'REF', cut: 'name', least: 22 },
  { title: 'WORKER', cut: 'name', least: 8, rank: 1 },
  { title: 'OFFSET' },
  { title: 'TOTAL' },
  { title: 'AGE' },
  { title: 'SPEED' },
]

/** On a terminal each table replaces the previous one. */
function tableView(context: Context, workers: boolean, options: TableOptions): View {
  const { stdout } = context
  let drawn = 0
  return (rows) => {
    const table = tableFor(
      context,
      columns.filter(({ title }) => workers || title !== 'WORKER'),
      rows.map((row) => cells(row, workers)),
      options,
    )
    if (!stdout.isTTY || options.trunc === false) {
      stdout.write(table)
      return
    }
    // Wrapped or scrolled lines cannot be replaced. A terminal of unknown size has 0 columns.
    const height = stdout.rows || 24
    const width = stdout.columns || 80
    const lines = table
      .trimEnd()
      .split('\n')
      .slice(0, height - 1)
    const over = drawn > 0 ? `\x1b[${drawn}A\x1b[J` : ''
    drawn = lines.length
    stdout.write(`${over}${lines.map((line) => `${clip(line, width)}\n`).join('')}`)
  }
}

function cells({ ref, worker, offset, total, speed, age }: ActiveRow, workers: boolean): string[] {
  const shownSpeed = speed === undefined ? '-' : `${formatBytes(speed)}/s`
  return [
    shownName(ref),
    ...(workers ? [shownName(worker ?? '-')] : []),
    formatBytes(offset),
    formatBytes(total),
    formatDuration(age),
    shownSpeed,
  ]
}

type Measured = Pick<Status, 'ref' | 'offset' | 'live'>

interface Sample {
  offset: number
  /** By the writer's clock. */
  at: number
  /** By the local clock. */
  seen: number
}

/** Milliseconds over which a speed is measured. */
const window = 5000

/**
 * Speeds of writes in bytes per second, over the last samples. Undefined for an interrupted write, and for the first sample
 * of a write.
 */
export class Speeds {
  readonly #samples = new Map<string, Sample[]>()

  /** `at`: the time of the offset in milliseconds, by the writer's clock. Default: `now`. */
  of({ ref, offset, live }: Measured, now: number, at: number = now): number | undefined {
    const before = this.#samples.get(ref) ?? []
    // A smaller offset means that the write was restarted.
    const same = (before.at(-1)?.offset ?? 0) <= offset ? before : []
    const kept = same.filter(({ seen }, i) => now - seen <= window || i === same.length - 1)
    this.#samples.set(ref, [...kept, { offset, at, seen: now }])
    const [first] = kept
    if (live === false || first === undefined) return undefined
    // Without an update since then nothing was written.
    if (at === first.at) return now > first.seen ? 0 : undefined
    return ((offset - first.offset) * 1000) / (at - first.at)
  }
}
