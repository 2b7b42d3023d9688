import { createColors } from '../../output/cells.js'
import { redrawOn, Speedometer } from '../redraw.js'
import type { Progress } from './model.js'
import { drawScreen } from './screen.js'
import type { ProgressView } from './view.js'

const interval = 100

/** Redraws the picture in place ten times a second. */
export function barsView(
  progress: Progress,
  stderr: NodeJS.WriteStream,
  env: NodeJS.ProcessEnv,
  moving?: string,
): ProgressView {
  const colors = createColors(env.NO_COLOR === undefined || env.NO_COLOR === '')
  const speed = new Speedometer()
  const place = redrawOn(stderr)
  const draw = (shownSpeed: number) => {
    // A terminal that does not know its size says 0.
    const size = { columns: stderr.columns || 80, rows: (stderr.rows || 24) - 1 }
    place.draw(drawScreen(progress, { ...size, colors, speed: shownSpeed, moving }))
  }
  const timer = setInterval(() => draw(speed.at(progress.moved)), interval)
  return {
    onEvent: () => {},
    notice: (line) => {
      progress.notice = line
    },
    end: () => {
      clearInterval(timer)
      draw(progress.averageSpeed)
      place.end()
    },
  }
}
