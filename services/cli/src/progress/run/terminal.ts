import { formatBytes } from '../../format.js'
import { type Colors, createColors } from '../colors.js'
import { redrawOn } from '../redraw.js'
import { Pacemaker } from './pace.js'
import { type InFlight, type Pace, type Picture, pictureLine } from './picture.js'
import type { RunView } from './view.js'

/** The images under way, a bar for all of them, and a line with the counts, in place. */
export function terminalView(stderr: NodeJS.WriteStream, env: NodeJS.ProcessEnv): RunView {
  const colors = createColors(env.NO_COLOR === undefined || env.NO_COLOR === '')
  const pacemaker = new Pacemaker()
  const place = redrawOn(stderr)
  let last: Picture | undefined
  let ended = false
  const draw = (picture: Picture, inFlight: readonly InFlight[]) => {
    // A terminal that does not know its size says 0.
    const size = { columns: stderr.columns || 80, rows: (stderr.rows || 24) - 1 }
    place.draw(drawRun(picture, inFlight, { ...size, colors, pace: pacemaker.at(picture) }))
  }
  return {
    show: (picture, inFlight = []) => {
      last = picture
      draw(picture, inFlight)
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
}

/** What does not fit is counted, not shown. */
export function drawRun(picture: Picture, inFlight: readonly InFlight[], screen: RunScreen): string[] {
  const { columns, rows, colors, pace } = screen
  const room = Math.max(0, rows - 2)
  const shown = inFlight.length <= room ? inFlight : inFlight.slice(0, Math.max(0, room - 1))
  const hidden = inFlight.length - shown.length
  return [
    ...shown.map((image) => imageLine(image, columns, colors)),
    ...(hidden > 0 && room > 0 ? [colors.dim(clip(`… ${hidden} more under way`, columns))] : []),
    barLine(picture, columns, colors),
    colors.dim(clip(pictureLine(picture, pace), columns)),
  ]
}

const stateWidth = 10
const bytesWidth = 22

function imageLine({ name, state, bytes }: InFlight, columns: number, colors: Colors): string {
  const room = Math.max(10, columns - stateWidth - bytesWidth - 4)
  const amount = bytes.total === 0 ? '' : `${formatBytes(bytes.there)} / ${formatBytes(bytes.total)}`
  return `${clip(name, room).padEnd(room)}  ${colors.cyan(state.padEnd(stateWidth))} ${amount}`
}

/** One bar for all images: those done, those failed, those to come. */
function barLine({ images }: Picture, columns: number, colors: Colors): string {
  const width = Math.max(10, Math.min(60, columns - 2))
  const share = (count: number) => (images.total === 0 ? 0 : count / images.total)
  const ended = Math.round(share(images.done + images.failed) * width)
  const failed = Math.min(ended, Math.ceil(share(images.failed) * width))
  const done = '━'.repeat(ended - failed)
  const rest = '─'.repeat(width - ended)
  return (
    colors.dim('│') + colors.green(done) + colors.red('━'.repeat(failed)) + colors.dim(rest) + colors.dim('│')
  )
}

function clip(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(1, width - 1))}…`
}
