import type { Context } from '../context.js'
import { formatBytes } from '../format.js'
import { QuietLine } from './quiet.js'
import { Speedometer } from './speedometer.js'

/** Milliseconds. */
const quietFor = 500

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
    this.#line = new QuietLine(context, quietFor, now)
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
