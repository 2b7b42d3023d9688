import type { Context } from '../context.js'
import { formatBytes, formatDuration } from '../output/format.js'
import { clip } from '../output/width.js'
import { type Redraw, redrawOn, Speedometer } from './redraw.js'

/** Minimum milliseconds between two redraws. */
const interval = 100

/** A line on a terminal that appears after a delay. Shorter work, and other outputs, show nothing. */
export class DelayedLine {
  readonly #stderr: NodeJS.WriteStream
  readonly #enabled: boolean
  readonly #startedAt: number
  #drawnAt: number
  #area: Redraw | undefined

  /** `delay`: milliseconds before the line appears. */
  constructor(
    { stderr, env }: Pick<Context, 'stderr' | 'env'>,
    private readonly delay: number,
    private readonly now: () => number,
  ) {
    this.#stderr = stderr
    this.#enabled = stderr.isTTY === true && env.TERM !== 'dumb'
    this.#startedAt = this.#drawnAt = now()
  }

  /** Draws the text when a redraw is due. `text` gets the time and the milliseconds since the start. */
  draw(text: (now: number, elapsed: number) => string): void {
    const now = this.now()
    const elapsed = now - this.#startedAt
    if (!this.#enabled || elapsed < this.delay || now - this.#drawnAt < interval) return
    this.#drawnAt = now
    this.#area ??= redrawOn(this.#stderr)
    this.#area.draw([clip(text(now, elapsed), (this.#stderr.columns || 80) - 1)])
  }

  /** Erases the line. The output that follows reports the result. */
  end(): void {
    this.#area?.draw([])
    this.#area?.end()
    this.#area = undefined
  }
}

/** Milliseconds before the line of a stream appears. */
const amountDelayMs = 500

/** A line on a terminal with the progress of a stream. Other outputs show nothing. */
export class AmountLine {
  readonly #line: DelayedLine
  readonly #speed = new Speedometer()
  #bytes = 0

  /** `label`: the operation. `total`: bytes of the stream, if known. */
  constructor(
    context: Pick<Context, 'stderr' | 'env'>,
    private readonly label: string,
    private readonly total: number | undefined,
    now: () => number = () => performance.now(),
  ) {
    this.#line = new DelayedLine(context, amountDelayMs, now)
    this.#speed.at(0, now())
  }

  /** Yields the same chunks and counts their bytes. */
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

/** A line on a terminal while layers are applied. It appears after one second. Other outputs show nothing. */
export class ApplyLine {
  readonly #line: DelayedLine

  constructor(context: Pick<Context, 'stderr' | 'env'>, now: () => number = () => performance.now()) {
    this.#line = new DelayedLine(context, applyDelayMs, now)
  }

  /** `read`: bytes of the layer that have been read. `total`: bytes of the layer, if known. */
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
