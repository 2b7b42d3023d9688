import { type Colors, createColors } from '../../output/cells.js'
import { formatBytes, formatDuration } from '../../output/format.js'
import { clip, clipName, pad } from '../../output/width.js'
import { redrawOn } from '../redraw.js'
import { countsLine, type InFlight, type Pace, type Picture, RedrawTimer } from './picture.js'
import type { Remark } from './remark.js'
import type { RunView } from './view.js'

/** The images under way, a bar for all of them, and a line with the counts, in place. */
export function terminalView(stderr: NodeJS.WriteStream, env: NodeJS.ProcessEnv): RunView {
  const colors = createColors(env.NO_COLOR === undefined || env.NO_COLOR === '')
  const pacemaker = new RedrawTimer()
  const place = redrawOn(stderr)
  let last: Picture | undefined
  let ended = false
  const draw = (picture: Picture, inFlight: readonly InFlight[], remarks: readonly Remark[] = []) => {
    // A terminal that does not know its size says 0.
    const size = { columns: stderr.columns || 80, rows: (stderr.rows || 24) - 1 }
    place.draw(drawRun(picture, inFlight, { ...size, colors, pace: pacemaker.at(picture), remarks }))
  }
  return {
    show: (picture, inFlight = [], remarks = []) => {
      last = picture
      draw(picture, inFlight, remarks)
    },
    end: () => {
      if (ended) return
      ended = true
      if (last !== undefined) draw(last, [])
      place.end()
    },
  }
}

export interface RunScreen {
  columns: number
  rows: number
  colors: Colors
  pace: Pace
  /** Default: none. */
  remarks?: readonly Remark[] | undefined
}

/** What does not fit is counted, not shown. */
export function drawRun(picture: Picture, inFlight: readonly InFlight[], screen: RunScreen): string[] {
  const { columns, rows, colors, pace, remarks = [] } = screen
  const said = remarks.slice(0, Math.floor(rows / 3))
  const room = Math.max(0, rows - 2 - said.length)
  const shown = inFlight.length <= room ? inFlight : inFlight.slice(0, Math.max(0, room - 1))
  const hidden = inFlight.length - shown.length
  return [
    ...shown.map((image) => imageLine(image, columns, colors)),
    ...(hidden > 0 && room > 0 ? [colors.dim(clip(`… ${hidden} more under way`, columns))] : []),
    ...said.map(({ text }) => colors.red(clip(text, columns))),
    barLine(picture, pace, columns - 1, colors),
    colors.dim(clip(countsLine(picture), columns - 1)),
  ]
}

const stateWidth = 10

const bytesWidth = 22

function imageLine({ name, state, bytes }: InFlight, columns: number, colors: Colors): string {
  const room = Math.max(10, columns - stateWidth - bytesWidth - 4)
  const amount = bytes.total === 0 ? '' : `${formatBytes(bytes.there)} / ${formatBytes(bytes.total)}`
  return `${pad(clipName(name, room), room)}  ${colors.cyan(state.padEnd(stateWidth))} ${amount}`
}

/** One bar for all images, with the bytes that came and how fast: what is done, what failed, what is to come. */
function barLine(picture: Picture, { speed, eta }: Pace, room: number, colors: Colors): string {
  const { images, bytes } = picture
  const amounts = [
    `${formatBytes(bytes.fetched)} / ${formatBytes(Math.max(bytes.total, bytes.fetched))}`,
    `${formatBytes(speed)}/s`,
    ...(eta === undefined ? [] : [`ETA ${formatDuration(eta)}`]),
  ].join('  ')
  const width = Math.max(10, Math.min(60, room - amounts.length - 3))
  const reached = Math.round(shareOf(picture) * width)
  const failed = Math.min(reached, Math.ceil((images.total === 0 ? 0 : images.failed / images.total) * width))
  const bar =
    colors.dim('│') +
    colors.green('━'.repeat(reached - failed)) +
    colors.red('━'.repeat(failed)) +
    colors.dim(`${'─'.repeat(width - reached)}│`)
  return `${bar} ${clip(amounts, Math.max(1, room - width - 3))}`
}

/**
 * How much is done, from 0 to 1: by images, and while few of them are many bytes by these. Bytes are known only of the
 * images that are planned.
 */
function shareOf({ images, bytes }: Picture): number {
  if (images.total === 0) return 0
  const ended = images.done + images.failed
  const planned = (ended + images.active + (images.canceled ?? 0)) / images.total
  const come = bytes.total === 0 ? 0 : Math.min(1, bytes.fetched / bytes.total)
  return Math.max(ended / images.total, planned * come)
}
