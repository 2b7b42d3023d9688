import type { Context } from '../context.js'
import { formatBytes } from '../format.js'
import { clip } from './cells.js'
import { type Redraw, redrawOn } from './redraw.js'
import { Speedometer } from './speedometer.js'

/** Milliseconds. What is through sooner shows nothing. */
const quietFor = 500
const interval = 100

/** A line on a terminal that tells how far a stream is; elsewhere nothing. */
export class AmountLine {
  readonly #wanted: boolean
  readonly #speed = new Speedometer()
  readonly #startedAt: number
  #drawnAt: number
  #bytes = 0
  #place: Redraw | undefined

  /** `label` says what is done; `total` are its bytes, where they are known. */
  constructor(
    private readonly context: Pick<Context, 'stderr' | 'env'>,
    private readonly label: string,
    private readonly total: number | undefined,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#wanted = context.stderr.isTTY === true && context.env.TERM !== 'dumb'
    this.#startedAt = this.#drawnAt = now()
    this.#speed.at(0, this.#startedAt)
  }

  /** The same chunks; the line counts them as they pass. */
  async *watch(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    for await (const chunk of chunks) {
      this.#bytes += chunk.byteLength
      this.#draw()
      yield chunk
    }
  }

  /** Takes the line away: what follows says how it ended. */
  end(): void {
    this.#place?.draw([])
    this.#place?.end()
    this.#place = undefined
  }

  #draw(): void {
    const now = this.now()
    if (!this.#wanted || now - this.#startedAt < quietFor || now - this.#drawnAt < interval) return
    this.#drawnAt = now
    const { stderr } = this.context
    const of = this.total === undefined ? '' : ` / ${formatBytes(this.total)}`
    const speed = `${formatBytes(this.#speed.at(this.#bytes, now))}/s`
    this.#place ??= redrawOn(stderr)
    this.#place.draw([
      clip(`${this.label}   ${formatBytes(this.#bytes)}${of}   ${speed}`, (stderr.columns || 80) - 1),
    ])
  }
}
