import { setTimeout as delay } from 'node:timers/promises'
import { openStore } from '@dist/composition'
import type { Manager, Status } from '@dist/content'
import type { Context } from '../context.js'
import { exitCodeOf, exitCodes } from '../exit.js'
import { formatBytes, formatDuration, formatTable } from '../format.js'
import type { StoreOptions } from '../options.js'
import { printJson } from '../output.js'
import { shownName } from './names.js'
import { Speeds } from './speeds.js'

export interface ActiveOptions extends StoreOptions {
  watch?: boolean
}

/** Milliseconds between two looks of `--watch`. */
const interval = 1000

/** `dist active`: writes under way, and those that were cut off. */
export async function active(context: Context, options: ActiveOptions): Promise<number> {
  const speeds = new Speeds()
  const show = options.json ? jsonView(context) : tableView(context)
  for (;;) {
    await using store = await openStore(options, context.env)
    const now = Date.now()
    const rows = (await statusesOf(store.content)).map((status) => ({
      status,
      speed: speeds.of(status, now),
      age: now - status.startedAt.getTime(),
    }))
    show(rows)
    if (!options.watch) return exitCodes.done
    await delay(interval, undefined, { signal: context.signal }).catch(() => {})
    if (context.signal.aborted) return exitCodeOf(undefined, context.signal)
  }
}

interface Row {
  status: Status
  /** Bytes per second, of a write that goes on. */
  speed: number | undefined
  /** Milliseconds. */
  age: number
}

async function statusesOf(content: Pick<Manager, 'statuses'>): Promise<Status[]> {
  const statuses: Status[] = []
  for await (const status of content.statuses()) statuses.push(status)
  return statuses.sort((a, b) => a.startedAt.getTime() - b.startedAt.getTime())
}

function jsonView(context: Context): (rows: readonly Row[]) => void {
  return (rows) => {
    for (const { status, speed, age } of rows) {
      const rounded = speed === undefined ? {} : { speed: Math.round(speed) }
      printJson(context, { ...status, age: age / 1000, ...rounded })
    }
  }
}

/** On a terminal each picture takes the place of the one before. */
function tableView({ stdout }: Context): (rows: readonly Row[]) => void {
  let drawn = 0
  return (rows) => {
    const table = formatTable(['REF', 'OFFSET', 'TOTAL', 'AGE', 'SPEED'], rows.map(cells))
    if (!stdout.isTTY) {
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
    stdout.write(`${over}${lines.map((line) => `${line.slice(0, width)}\n`).join('')}`)
  }
}

function cells({ status, speed, age }: Row): string[] {
  const { ref, offset, total } = status
  const shownSpeed = speed === undefined ? '-' : `${formatBytes(speed)}/s`
  return [shownName(ref), formatBytes(offset), formatBytes(total), formatDuration(age), shownSpeed]
}
