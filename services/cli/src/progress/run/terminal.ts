import { formatBytes, formatDuration } from '../../output/format.js'
import { type Colors, clip, clipName, createColors, pad } from '../../output/width.js'
import { redrawOn } from '../redraw.js'
import { countsLine, type InFlight, type Pace, PaceEstimator, type Picture } from './picture.js'
import type { Remark, RunView } from './view.js'

/** Redraws the images in progress, one bar for all images, and a line with the counts. */
export function terminalView(stderr: NodeJS.WriteStream, env: NodeJS.ProcessEnv): RunView {
  const colors = createColors(env.NO_COLOR === undefined || env.NO_COLOR === '')
  const estimator = new PaceEstimator()
  const area = redrawOn(stderr)
  let last: Picture | undefined
  let ended = false
  const draw = (picture: Picture, inFlight: readonly InFlight[], remarks: readonly Remark[] = []) => {
    // The size is 0 when the terminal does not report it.
    const size = { columns: stderr.columns || 80, rows: (stderr.rows || 24) - 1 }
    area.draw(drawRun(picture, inFlight, { ...size, colors, pace: estimator.at(picture), remarks }))
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
      area.end()
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

/** Images that do not fit are counted in one line. */
export function drawRun(picture: Picture, inFlight: readonly InFlight[], screen: RunScreen): string[] {
  const { columns, rows, colors, pace, remarks = [] } = screen
  const shownRemarks = remarks.slice(0, Math.floor(rows / 3))
  const room = Math.max(0, rows - 2 - shownRemarks.length)
  const shown = inFlight.length <= room ? inFlight : inFlight.slice(0, Math.max(0, room - 1))
  const hidden = inFlight.length - shown.length
  return [
    ...shown.map((image) => imageLine(image, columns, colors)),
    ...(hidden > 0 && room > 0 ? [colors.dim(clip(`… ${hidden} more under way`, columns))] : []),
    ...shownRemarks.map(({ text }) => colors.red(clip(text, columns))),
    ...(picture.collection === undefined ? [barLine(picture, pace, columns - 1, colors)] : []),
    colors.dim(clip(countsLine(picture), columns - 1)),
  ]
}

const stateWidth = 10

const bytesWidth = 22

function imageLine({ name, state, bytes }: InFlight, columns: number, colors: Colors): string {
  const room = Math.max(10, columns - stateWidth - bytesWidth - 4)
  const amount = bytes.total === 0 ? '' : `${formatBytes(bytes.present)} / ${formatBytes(bytes.total)}`
  return `${pad(clipName(name, room), room)}  ${colors.cyan(state.padEnd(stateWidth))} ${amount}`
}

/** One bar for all images, with its done, failed and remaining parts, and the fetched bytes and the speed. */
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
 * The completed share, from 0 to 1. It is the larger of two shares: that of the images and that of the bytes. Bytes are
 * known only for planned images.
 */
function shareOf({ images, bytes }: Picture): number {
  if (images.total === 0) return 0
  const ended = images.done + images.failed
  const planned = (ended + images.active + (images.canceled ?? 0)) / images.total
  const fetched = bytes.total === 0 ? 0 : Math.min(1, bytes.fetched / bytes.total)
  return Math.max(ended / images.total, planned * fetched)
}
