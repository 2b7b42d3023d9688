import { formatBytes, formatDuration } from '../format.js'
import type { Colors } from './colors.js'
import { labelOf } from './label.js'
import type { ImageProgress, ObjectProgress, Progress } from './model.js'

export interface ScreenOptions {
  columns: number
  /** Lines that may be used; what does not fit is summed up. */
  rows: number
  colors: Colors
  /** Bytes per second. */
  speed: number
}

/** The picture of a pull: each image, below it a bar for each of its objects, and a last line with the totals. */
export function drawScreen(progress: Progress, options: ScreenOptions): string[] {
  const rows = [...progress.images.values()].flatMap((image) => [
    { weight: imageWeight(image), line: imageLine(image, options) },
    ...image.objects.map((object) => ({
      weight: objectWeight[object.state],
      line: objectLine(object, options),
    })),
  ])
  return [...fit(rows, options.rows - 1), totals(progress, options)]
}

interface Row {
  /** The lower, the sooner it gives way. */
  weight: number
  line: string
}

const objectWeight = { done: 0, exists: 0, waiting: 1, downloading: 3, failed: 3 }

function imageWeight(image: ImageProgress): number {
  return image.state === 'done' ? 0 : 2
}

/** As many rows as fit: what moves comes before what waits, and that before what is done. */
function fit(rows: readonly Row[], room: number): string[] {
  if (rows.length <= room) return rows.map((row) => row.line)
  const heaviest = [...rows.keys()].sort((a, b) => (rows[b]?.weight ?? 0) - (rows[a]?.weight ?? 0) || b - a)
  const kept = new Set(heaviest.slice(0, Math.max(0, room - 1)))
  const hidden = rows.length - kept.size
  return [...rows.flatMap((row, i) => (kept.has(i) ? [row.line] : [])), `… ${hidden} more`]
}

const stateWidth = 11
const barWidth = 24

function imageLine({ reference, state }: ImageProgress, { columns, colors }: ScreenOptions): string {
  const shown = state === 'planned' ? 'resolved' : state
  const paint = state === 'failed' ? colors.red : state === 'done' ? colors.green : colors.cyan
  return `${colors.bold(clip(reference, columns - stateWidth - 2))}  ${paint(shown)}`
}

function objectLine(object: ObjectProgress, { columns, colors }: ScreenOptions): string {
  const { desc, state, offset } = object
  const room = columns - stateWidth - barWidth - 28
  const label = clip(`  ${labelOf(desc)}`, Math.max(24, room)).padEnd(Math.min(46, Math.max(24, room)))
  const amount =
    state === 'downloading' ? `${formatBytes(offset)} / ${formatBytes(desc.size)}` : formatBytes(desc.size)
  const paint = {
    waiting: colors.dim,
    downloading: colors.cyan,
    failed: colors.red,
    exists: colors.dim,
    done: colors.green,
  }
  return `${label} ${paint[state](state.padEnd(stateWidth))} ${bar(object, colors)} ${amount}`
}

function bar({ desc, state, offset }: ObjectProgress, colors: Colors): string {
  const share =
    state === 'done' || state === 'exists' ? 1 : desc.size === 0 ? 0 : Math.min(1, offset / desc.size)
  const filled = Math.round(share * barWidth)
  return colors.dim('│') + '━'.repeat(filled) + colors.dim('─'.repeat(barWidth - filled)) + colors.dim('│')
}

function totals(progress: Progress, { speed, colors }: ScreenOptions): string {
  const { there, total } = progress.amount
  const images = [...progress.images.values()]
  const done = images.filter((image) => image.state === 'done').length
  const parts = [
    `elapsed ${formatDuration(Date.now() - progress.startedAt)}`,
    `${formatBytes(there)} / ${formatBytes(total)}`,
  ]
  if (images.length > 1) parts.push(`images ${done} / ${images.length}`)
  parts.push(`${formatBytes(speed)}/s`)
  return colors.dim(parts.join('   '))
}

function clip(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(1, width - 1))}…`
}
