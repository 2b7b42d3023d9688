import type { VerifyEvent } from '@dist/mirror'
import type { Context } from '../../context.js'
import { clip } from '../cells.js'
import { redrawOn } from '../redraw.js'
import { lineInterval } from '../run/view.js'
import { Speedometer } from '../speedometer.js'
import { VerifyProgress, verifyLine } from './model.js'

/** Shows a verification while it goes on. */
export interface VerifyView {
  onEvent(event: VerifyEvent): void
  /** On a terminal the last picture stays. Ending twice does nothing. */
  end(): void
}

/** Milliseconds between two pictures on a terminal. */
const drawInterval = 100
/** Milliseconds over which the speed is taken. */
const window = 10_000

/** One line in place on a terminal, one every few seconds elsewhere. */
export function openVerifyView({ stderr, env }: Context): VerifyView {
  return stderr.isTTY && env.TERM !== 'dumb' ? terminalView(stderr) : lineView(stderr)
}

function terminalView(stderr: NodeJS.WriteStream): VerifyView {
  const place = redrawOn(stderr)
  const show = (line: string) => place.draw([clip(line, (stderr.columns || 80) - 1)])
  return timedView(drawInterval, show, (line) => {
    show(line)
    place.end()
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
