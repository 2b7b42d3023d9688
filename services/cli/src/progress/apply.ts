import type { Context } from '../context.js'
import { formatBytes, formatDuration } from '../format.js'
import { clip } from './cells.js'
import { type Redraw, redrawOn } from './redraw.js'

/** Milliseconds. What is through sooner shows nothing. */
const quietFor = 1000
const interval = 100

/** A line on a terminal while layers are applied, once that has taken a second; elsewhere nothing. */
export class ApplyLine {
  readonly #stderr: NodeJS.WriteStream
  readonly #wanted: boolean
  readonly #now: () => number
  readonly #startedAt: number
  #place: Redraw | undefined
  #drawnAt: number

  constructor({ stderr, env }: Pick<Context, 'stderr' | 'env'>, now: () => number = () => performance.now()) {
    this.#stderr = stderr
    this.#wanted = stderr.isTTY === true && env.TERM !== 'dumb'
    this.#now = now
    this.#startedAt = this.#drawnAt = now()
  }

  /** How much of the layer is read, of how much where that is known. */
  show(read: number, total?: number): void {
    const now = this.#now()
    const elapsed = now - this.#startedAt
    if (!this.#wanted || elapsed < quietFor || now - this.#drawnAt < interval) return
    this.#drawnAt = now
    this.#place ??= redrawOn(this.#stderr)
    const amount = total === undefined ? formatBytes(read) : `${formatBytes(read)} / ${formatBytes(total)}`
    const text = `applying   ${amount}   elapsed ${formatDuration(elapsed)}`
    this.#place.draw([clip(text, (this.#stderr.columns || 80) - 1)])
  }

  /** Takes the line away: what follows says how it ended. */
  end(): void {
    this.#place?.draw([])
    this.#place?.end()
    this.#place = undefined
  }
}
