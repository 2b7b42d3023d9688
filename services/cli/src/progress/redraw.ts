import { textWidth } from '../output/width.js'

const hideCursor = '\x1b[?25l'

const showCursor = '\x1b[?25h'

/** An area of a terminal that is redrawn. */
export interface Redraw {
  /** Replaces the previous lines. Every line must be narrower than the terminal, which wraps wider lines. */
  draw(lines: readonly string[]): void
  /** Leaves the last lines on the screen. */
  end(): void
}

/** Hides the cursor until `end`, or until the process exits. */
export function redrawOn(stream: NodeJS.WriteStream): Redraw {
  let widths: number[] = []
  const restore = () => stream.write(showCursor)
  stream.write(hideCursor)
  process.once('exit', restore)
  return {
    draw: (lines) => {
      // Moves to the first previous line, overwrites the lines, and clears the rest of each line and of the screen.
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

/** The number of rows that the lines occupy. A terminal that became narrower has wrapped them. */
function rowsOf(widths: readonly number[], columns: number | undefined): number {
  const rows = (width: number) => (columns ? Math.max(1, Math.ceil(width / columns)) : 1)
  return widths.reduce((sum, width) => sum + rows(width), 0)
}

/** Bytes per second over the last few seconds. */
export class Speedometer {
  readonly #samples: { at: number; bytes: number }[] = []

  /** `window`: milliseconds of the measurement. */
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
