import type { Context } from '../context.js'
import { formatBytes, formatDuration } from '../format.js'
import { QuietLine } from './quiet.js'

/** Milliseconds. */
const quietFor = 1000

/** A line on a terminal while layers are applied, once that has taken a second; elsewhere nothing. */
export class ApplyLine {
  readonly #line: QuietLine

  constructor(context: Pick<Context, 'stderr' | 'env'>, now: () => number = () => performance.now()) {
    this.#line = new QuietLine(context, quietFor, now)
  }

  /** How much of the layer is read, of how much where that is known. */
  show(read: number, total?: number): void {
    this.#line.draw((_now, elapsed) => {
      const amount = total === undefined ? formatBytes(read) : `${formatBytes(read)} / ${formatBytes(total)}`
      return `applying   ${amount}   elapsed ${formatDuration(elapsed)}`
    })
  }

  end(): void {
    this.#line.end()
  }
}
