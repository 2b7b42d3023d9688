import { createColors } from '../../output/width.js'
import { redrawOn, Speedometer } from '../redraw.js'
import type { Progress } from './model.js'
import { drawScreen } from './screen.js'
import type { ProgressView } from './view.js'

const interval = 100

/** Redraws the screen in place ten times a second. */
export function barsView(
  progress: Progress,
  stderr: NodeJS.WriteStream,
  env: NodeJS.ProcessEnv,
  moving?: string,
): ProgressView {
  const colors = createColors(env.NO_COLOR === undefined || env.NO_COLOR === '')
  const speed = new Speedometer()
  const area = redrawOn(stderr)
  const draw = (shownSpeed: number) => {
    // The size is 0 when the terminal does not report it.
    const size = { columns: stderr.columns || 80, rows: (stderr.rows || 24) - 1 }
    area.draw(drawScreen(progress, { ...size, colors, speed: shownSpeed, moving }))
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
      area.end()
    },
  }
}
