import { formatBytes, formatDuration, labelOf } from '../../output/format.js'
import { type Cell, type Colors, clip, lineOf, pad } from '../../output/width.js'
import { type ImageProgress, type ObjectProgress, type ObjectStage, type Progress, stageOf } from './model.js'

export interface ScreenOptions {
  columns: number
  /** Maximum number of lines. The remaining objects are counted in one line. */
  rows: number
  colors: Colors
  /** Bytes per second. */
  speed: number
  /** The label of an object in transfer. Default: `downloading`. */
  moving?: string | undefined
}

/**
 * The screen of a pull: each image, a bar for each of its objects, and a last line with the totals. Every line is
 * narrower than the terminal, because a wrapped line cannot be redrawn.
 */
export function drawScreen(progress: Progress, options: ScreenOptions): string[] {
  const layout = layoutOf(options.columns)
  const draw = (cells: readonly Cell[]) => lineOf(cells, layout.room)
  const rows = [...progress.images.values()].flatMap((image): Row[] => [
    { weight: imageWeight(image), line: () => draw(imageCells(image, layout, options.colors)) },
    ...image.objects.map((object) => ({
      weight: objectWeight[stageOf(object).state],
      line: () => draw(objectCells(object, layout, options)),
    })),
  ])
  return [
    ...fit(rows, options.rows - (progress.notice === undefined ? 1 : 2)).map((line) =>
      clip(line, line.includes('\x1b') ? line.length : layout.room),
    ),
    ...(progress.notice === undefined ? [] : [draw([{ text: progress.notice, paint: options.colors.dim }])]),
    draw([{ text: totals(progress, options.speed), paint: options.colors.dim }]),
  ]
}

interface Row {
  /** Rows with a lower weight are omitted first. */
  weight: number
  line: () => string
}

const objectWeight = {
  ...{ done: 0, exists: 0, unpacked: 0 },
  ...{ canceled: 1, waiting: 2 },
  ...{ downloading: 4, unpacking: 4, failed: 4 },
}

const weights = [4, 3, 2, 1, 0]

function imageWeight(image: ImageProgress): number {
  if (image.state === 'failed') return 4
  return isComplete(image) ? 1 : 3
}

/** The rows that fit. Objects in transfer have priority over waiting objects, and these over complete objects. */
function fit(rows: readonly Row[], room: number): string[] {
  if (rows.length <= room) return rows.map((row) => row.line())
  if (room < 1) return []
  const kept = heaviest(rows, room - 1)
  return [
    ...[...kept].sort((a, b) => a - b).map((i) => rows[i]?.line() ?? ''),
    `… ${rows.length - kept.size} more`,
  ]
}

/** The positions of the `count` heaviest rows. Of rows with equal weight the last are chosen. */
function heaviest(rows: readonly Row[], count: number): Set<number> {
  const kept = new Set<number>()
  for (const weight of weights) {
    for (let i = rows.length - 1; i >= 0 && kept.size < count; i--) {
      if (rows[i]?.weight === weight) kept.add(i)
    }
  }
  return kept
}

const stateWidth = 11

/** `1023 KiB / 1023 KiB` */
const amountWidth = 19

const widestLabel = 46

/** The width of a layer's label with its digest. */
const usualLabel = 28

const widestBar = 24

const narrowestBar = 6

interface Layout {
  /** Columns of a line. The last column stays free: the cursor stops there, and a clear would erase that character. */
  room: number
  label: number
  /** 0 when no bar fits. */
  bar: number
}

function layoutOf(columns: number): Layout {
  const room = Math.max(1, columns - 1)
  const free = room - stateWidth - amountWidth - 2
  const possible = Math.min(widestBar, free - usualLabel - 3)
  const bar = possible < narrowestBar ? 0 : possible
  const label = Math.min(widestLabel, Math.max(usualLabel, bar === 0 ? free : free - bar - 3))
  return { room, label, bar }
}

function imageCells({ reference, state }: ImageProgress, { room }: Layout, colors: Colors): Cell[] {
  const shown = state === 'planned' ? 'resolved' : state
  const paint = paintOf(state, colors)
  return [
    { text: clip(reference, room - stateWidth - 1), paint: colors.bold },
    { text: '  ' },
    { text: shown, paint },
  ]
}

function paintOf(state: ImageProgress['state'], colors: Colors) {
  if (state === 'failed') return colors.red
  if (state === 'canceled') return colors.dim
  return isComplete({ state }) ? colors.green : colors.cyan
}

function objectCells(object: ObjectProgress, layout: Layout, { colors, moving }: ScreenOptions): Cell[] {
  const { desc } = object
  const stage = stageOf(object)
  const { state, offset } = stage
  const moves = state === 'downloading' || state === 'unpacking'
  const amount = moves ? `${formatBytes(offset)} / ${formatBytes(desc.size)}` : formatBytes(desc.size)
  const paint = {
    waiting: colors.dim,
    downloading: colors.cyan,
    unpacking: colors.cyan,
    failed: colors.red,
    canceled: colors.dim,
    exists: colors.dim,
    done: colors.green,
    unpacked: colors.green,
  }
  const shown = state === 'downloading' ? (moving ?? state) : state
  return [
    { text: pad(clip(`  ${labelOf(desc)}`, layout.label), layout.label) },
    { text: ` ${shown.padEnd(stateWidth)} `, paint: paint[state] },
    ...bar(desc.size, stage, layout.bar, colors),
    { text: amount },
  ]
}

function bar(size: number, { state, offset }: ObjectStage, width: number, { dim }: Colors): Cell[] {
  if (width === 0) return []
  const isPresent = state === 'done' || state === 'exists' || state === 'unpacked'
  const share = isPresent ? 1 : size === 0 ? 0 : Math.min(1, offset / size)
  const filled = Math.round(share * width)
  return [
    { text: '│', paint: dim },
    { text: '━'.repeat(filled) },
    { text: `${'─'.repeat(width - filled)}│`, paint: dim },
    { text: ' ' },
  ]
}

function totals(progress: Progress, speed: number): string {
  const images = [...progress.images.values()]
  const done = images.filter(isComplete).length
  return [
    `elapsed ${formatDuration(Date.now() - progress.startedAt)}`,
    ...amounts(progress),
    ...(images.length > 1 ? [`images ${done} / ${images.length}`] : []),
    `${formatBytes(speed)}/s`,
  ].join('   ')
}

function amounts(progress: Progress): string[] {
  const { amount, unpackAmount } = progress
  const shown = ({ present, total }: typeof amount) => `${formatBytes(present)} / ${formatBytes(total)}`
  if (unpackAmount === undefined) return [shown(amount)]
  // Layers that are only unpacked were stored earlier.
  const isPulled = [...progress.objects.values()].some(({ states }) => states.size > 0)
  return [...(isPulled ? [shown(amount)] : []), `unpacked ${shown(unpackAmount)}`]
}

function isComplete({ state }: Pick<ImageProgress, 'state'>): boolean {
  return state === 'done' || state === 'unpacked'
}
