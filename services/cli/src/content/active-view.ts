import { setTimeout as delay } from 'node:timers/promises'
import type { Status } from '@dist/content'
import { throwIfAborted } from '@dist/errdefs'
import type { Context } from '../context.js'
import { exitCodeOf, exitCodes } from '../errors/exit.js'
import { formatBytes, formatDuration } from '../output/format.js'
import { shownName } from '../output/names.js'
import { printJson } from '../output/print.js'
import { type Column, type TableOptions, tableFor } from '../output/table.js'
import { clip } from '../output/width.js'

/** A write under way, or one that was cut off. */
export interface ActiveRow
  extends Pick<Status, 'ref' | 'offset' | 'total' | 'startedAt' | 'updatedAt'>,
    Partial<Pick<Status, 'expected' | 'live'>> {
  /** Whose write it is, with a queue. */
  readonly worker?: string | undefined
  /** Bytes per second, of a write that goes on. */
  readonly speed: number | undefined
  /** Milliseconds. */
  readonly age: number
}

export interface ActiveViewOptions extends TableOptions {
  json?: boolean | undefined
  watch?: boolean | undefined
  /** Whether rows name workers. */
  workers?: boolean | undefined
  /** Milliseconds between the two looks that a speed takes. Default: 1,000. */
  pause?: number | undefined
}

/** Milliseconds between two looks of `--watch`. */
const interval = 1000

/** Shows what `look` finds, once or until it is interrupted. */
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

/** How fast a write is takes two looks. */
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

/** On a terminal each picture takes the place of the one before. */
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
    // What wraps or scrolls cannot be drawn over. A terminal that does not know its size says 0.
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
  /** By the clock of whoever writes. */
  at: number
  /** By ours. */
  seen: number
}

/** Milliseconds that are looked back. */
const window = 5000

/**
 * How fast writes go on, in bytes per second, over the last seconds in which they were looked at. Undefined for a write
 * that nobody is at, and for one that is seen for the first time.
 */
export class Speeds {
  readonly #samples = new Map<string, Sample[]>()

  /** `at`: when the write was that far, in milliseconds, by the writer's clock. Default: `now`. */
  of({ ref, offset, live }: Measured, now: number, at: number = now): number | undefined {
    const before = this.#samples.get(ref) ?? []
    // A write that started again has less than before.
    const same = (before.at(-1)?.offset ?? 0) <= offset ? before : []
    const kept = same.filter(({ seen }, i) => now - seen <= window || i === same.length - 1)
    this.#samples.set(ref, [...kept, { offset, at, seen: now }])
    const [first] = kept
    if (live === false || first === undefined) return undefined
    // Whoever tells nothing new writes nothing.
    if (at === first.at) return now > first.seen ? 0 : undefined
    return ((offset - first.offset) * 1000) / (at - first.at)
  }
}
