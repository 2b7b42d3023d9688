import type { Context } from '../context.js'
import { formatBytes, formatDuration } from '../output/format.js'
import { clip } from '../output/width.js'
import { type Redraw, redrawOn, Speedometer } from './redraw.js'

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

/** Milliseconds before the line of a stream appears. */
const amountDelayMs = 500

/** A line on a terminal that tells how far a stream is; elsewhere nothing. */
export class AmountLine {
  readonly #line: QuietLine
  readonly #speed = new Speedometer()
  #bytes = 0

  /** `label` says what is done; `total` are its bytes, where they are known. */
  constructor(
    context: Pick<Context, 'stderr' | 'env'>,
    private readonly label: string,
    private readonly total: number | undefined,
    now: () => number = () => performance.now(),
  ) {
    this.#line = new QuietLine(context, amountDelayMs, now)
    this.#speed.at(0, now())
  }

  /** The same chunks; the line counts them as they pass. */
  async *watch(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    for await (const chunk of chunks) {
      this.#bytes += chunk.byteLength
      this.#line.draw((now) => this.#text(now))
      yield chunk
    }
  }

  end(): void {
    this.#line.end()
  }

  #text(now: number): string {
    const of = this.total === undefined ? '' : ` / ${formatBytes(this.total)}`
    const speed = `${formatBytes(this.#speed.at(this.#bytes, now))}/s`
    return `${this.label}   ${formatBytes(this.#bytes)}${of}   ${speed}`
  }
}

/** Milliseconds before the line of a layer appears. */
const applyDelayMs = 1000

/** A line on a terminal while layers are applied, once that has taken a second; elsewhere nothing. */
export class ApplyLine {
  readonly #line: QuietLine

  constructor(context: Pick<Context, 'stderr' | 'env'>, now: () => number = () => performance.now()) {
    this.#line = new QuietLine(context, applyDelayMs, now)
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
