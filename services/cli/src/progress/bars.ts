import { createColors } from './colors.js'
import type { Progress } from './model.js'
import { drawScreen } from './screen.js'
import type { ProgressView } from './view.js'

const interval = 100
const hideCursor = '\x1b[?25l'
const showCursor = '\x1b[?25h'

/** Redraws the picture in place ten times a second. */
export function barsView(
  progress: Progress,
  stderr: NodeJS.WriteStream,
  env: NodeJS.ProcessEnv,
): ProgressView {
  const colors = createColors(env.NO_COLOR === undefined || env.NO_COLOR === '')
  const speed = new Speedometer()
  let drawn = 0
  const draw = (final: boolean) => {
    const size = {
      columns: stderr.columns ?? 80,
      rows: final ? Number.POSITIVE_INFINITY : (stderr.rows ?? 24) - 1,
    }
    const lines = drawScreen(progress, {
      ...size,
      colors,
      speed: final ? progress.averageSpeed : speed.at(progress.received),
    })
    // Up to the first line of the last picture, then over it, clearing what is left of each line and below.
    const up = drawn > 0 ? `\x1b[${drawn}A` : ''
    stderr.write(`${up}${lines.map((line) => `\r${line}\x1b[K\n`).join('')}\x1b[J`)
    drawn = lines.length
  }
  stderr.write(hideCursor)
  const restore = () => stderr.write(showCursor)
  process.once('exit', restore)
  const timer = setInterval(() => draw(false), interval)
  return {
    onEvent: () => {},
    end: () => {
      clearInterval(timer)
      draw(true)
      restore()
      process.off('exit', restore)
    },
  }
}

/** Bytes per second over the last few seconds. */
class Speedometer {
  readonly #samples: { at: number; bytes: number }[] = []

  at(bytes: number): number {
    const now = Date.now()
    this.#samples.push({ at: now, bytes })
    while (this.#samples.length > 2 && now - (this.#samples[0]?.at ?? now) > 4000) this.#samples.shift()
    const first = this.#samples[0]
    if (first === undefined || now === first.at) return 0
    return ((bytes - first.bytes) * 1000) / (now - first.at)
  }
}
