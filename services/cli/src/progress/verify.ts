import type { ContentSizes, VerifyEvent } from '@dist/mirror'
import type { Digest } from '@dist/oci'
import type { Context } from '../context.js'
import { formatBytes, formatDuration } from '../output/format.js'
import { clip } from '../output/width.js'
import { redrawOn, Speedometer } from './redraw.js'
import { lineInterval } from './run/view.js'

/** Shows the progress of a verification. */
export interface VerifyView {
  onEvent(event: VerifyEvent): void
  /** Leaves the last line on a terminal. A second call does nothing. */
  end(): void
}

/** Milliseconds between two redraws on a terminal. */
const drawInterval = 100

/** Milliseconds over which the speed is measured. */
const window = 10_000

/** Redraws one line on a terminal. Other outputs get a line every few seconds. */
export function openVerifyView({ stderr, env }: Context): VerifyView {
  return stderr.isTTY && env.TERM !== 'dumb' ? terminalView(stderr) : lineView(stderr)
}

function terminalView(stderr: NodeJS.WriteStream): VerifyView {
  const area = redrawOn(stderr)
  const show = (line: string) => area.draw([clip(line, (stderr.columns || 80) - 1)])
  return timedView(drawInterval, show, (line) => {
    show(line)
    area.end()
  })
}

/** `every`: milliseconds between two lines. */
export function lineView(stderr: NodeJS.WriteStream, every = lineInterval): VerifyView {
  return timedView(
    every,
    (line) => stderr.write(`${line}\n`),
    () => {},
  )
}

function timedView(every: number, show: (line: string) => void, finish: (line: string) => void): VerifyView {
  const progress = new VerifyProgress()
  const speed = new Speedometer(window)
  speed.at(0)
  const line = () => verifyLine(progress, speed.at(progress.bytes.done))
  const timer = setInterval(() => show(line()), every)
  let ended = false
  return {
    onEvent: (event) => progress.apply(event),
    end: () => {
      if (!ended) finish(line())
      ended = true
      clearInterval(timer)
    },
  }
}

/** The progress of a verification, updated by events. */
export class VerifyProgress {
  readonly objects = { done: 0, total: 0 }
  /** Bytes of the stored content. `total`: the listed size. `done`: the bytes read. */
  readonly bytes = { done: 0, total: 0 }
  bad = 0
  #content: ContentSizes | undefined
  /** Bytes read of each content whose verification has not ended. */
  readonly #reading = new Map<Digest, number>()

  /** Whether the content to verify is known. */
  get planned(): boolean {
    return this.#content !== undefined
  }

  apply(event: VerifyEvent): void {
    if (event.type === 'planned') this.#plan(event.content)
    else if (event.type === 'reading') this.#read(event.digest, event.offset)
    else {
      // Content with a wrong size has ended, too. It counts with its listed size.
      this.#read(event.digest, this.#content?.get(event.digest) ?? 0)
      this.#reading.delete(event.digest)
      this.objects.done++
      if (event.found.state !== 'right') this.bad++
    }
  }

  #plan(content: ContentSizes): void {
    this.#content = content
    this.objects.total = content.size
    for (const size of content.values()) this.bytes.total += size
  }

  #read(digest: Digest, offset: number): void {
    this.bytes.done += offset - (this.#reading.get(digest) ?? 0)
    this.#reading.set(digest, offset)
  }
}

/** The progress in one line. `speed`: bytes per second. */
export function verifyLine({ planned, objects, bytes, bad }: VerifyProgress, speed: number): string {
  if (!planned) return 'listing the content to verify'
  const left = bytes.total - bytes.done
  const parts = [
    `${objects.done}/${objects.total} objects`,
    `${formatBytes(bytes.done)} / ${formatBytes(bytes.total)}`,
    `${formatBytes(speed)}/s`,
    ...(speed > 0 && left > 0 ? [`ETA ${formatDuration((left * 1000) / speed)}`] : []),
    `${bad} bad`,
  ]
  return parts.join(' · ')
}
