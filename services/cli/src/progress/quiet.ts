import type { Context } from '../context.js'
import { clip } from './cells.js'
import { type Redraw, redrawOn } from './redraw.js'

/** Milliseconds between two pictures. */
const interval = 100

/** One line on a terminal for what takes longer than a while; what is through sooner, or elsewhere, shows nothing. */
export class QuietLine {
  readonly #stderr: NodeJS.WriteStream
  readonly #wanted: boolean
  readonly #startedAt: number
  #drawnAt: number
  #place: Redraw | undefined

  /** `quietFor`: milliseconds before it is shown. */
  constructor(
    { stderr, env }: Pick<Context, 'stderr' | 'env'>,
    private readonly quietFor: number,
    private readonly now: () => number,
  ) {
    this.#stderr = stderr
    this.#wanted = stderr.isTTY === true && env.TERM !== 'dumb'
    this.#startedAt = this.#drawnAt = now()
  }

  /** Draws the text where it is time to; it is told the time, and the milliseconds since the start. */
  draw(text: (now: number, elapsed: number) => string): void {
    const now = this.now()
    const elapsed = now - this.#startedAt
    if (!this.#wanted || elapsed < this.quietFor || now - this.#drawnAt < interval) return
    this.#drawnAt = now
    this.#place ??= redrawOn(this.#stderr)
    this.#place.draw([clip(text(now, elapsed), (this.#stderr.columns || 80) - 1)])
  }

  /** Takes the line away: what follows says how it ended. */
  end(): void {
    this.#place?.draw([])
    this.#place?.end()
    this.#place = undefined
  }
}
