import { textWidth } from '../output/width.js'

const hideCursor = '\x1b[?25l'

const showCursor = '\x1b[?25h'

/** A place on a terminal that is drawn again and again. */
export interface Redraw {
  /** Puts these lines where the last ones were. None may be as wide as the terminal, which would wrap it. */
  draw(lines: readonly string[]): void
  /** What was drawn last stays. */
  end(): void
}

/** Hides the cursor until the end, however the process ends. */
export function redrawOn(stream: NodeJS.WriteStream): Redraw {
  let widths: number[] = []
  const restore = () => stream.write(showCursor)
  stream.write(hideCursor)
  process.once('exit', restore)
  return {
    draw: (lines) => {
      // Up to the first line of the last picture, then over it, clearing what is left of each line and below.
      const drawn = rowsOf(widths, stream.columns)
      const up = drawn > 0 ? `\x1b[${drawn}A` : ''
      stream.write(`${up}${lines.map((line) => `\r${line}\x1b[K\n`).join('')}\x1b[J`)
      widths = lines.map(textWidth)
    },
    end: () => {
      restore()
      process.off('exit', restore)
    },
  }
}

/** The rows that lines take now: a terminal that became narrower has wrapped those that were drawn before. */
function rowsOf(widths: readonly number[], columns: number | undefined): number {
  const rows = (width: number) => (columns ? Math.max(1, Math.ceil(width / columns)) : 1)
  return widths.reduce((sum, width) => sum + rows(width), 0)
}
/** Bytes per second over the last few seconds. */
export class Speedometer {
  readonly #samples: { at: number; bytes: number }[] = []

  /** `window`: milliseconds that are looked back. */
  constructor(private readonly window = 4000) {}

  at(bytes: number, now = Date.now()): number {
    this.#samples.push({ at: now, bytes })
    while (this.#samples.length > 2 && now - (this.#samples[0]?.at ?? now) > this.window)
      this.#samples.shift()
    const first = this.#samples[0]
    if (first === undefined || now === first.at) return 0
    return (Math.max(0, bytes - first.bytes) * 1000) / (now - first.at)
  }
}
