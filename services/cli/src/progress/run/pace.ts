import { Speedometer } from '../speedometer.js'
import type { Pace, Picture } from './picture.js'

const window = 10_000
/** Milliseconds before which nobody can tell how long it will take. */
const tooEarly = 3000

/** Tells speed and remaining time from pictures that follow one another. */
export class RedrawTimer {
  readonly #speed = new Speedometer(window)
  #first: { at: number; ended: number } | undefined

  at({ images, bytes }: Picture, now = Date.now()): Pace {
    const ended = images.done + images.failed
    this.#first ??= { at: now, ended }
    const speed = this.#speed.at(bytes.fetched, now)
    const elapsed = now - this.#first.at
    const left = images.total - ended
    // What stands still has no end that anybody could tell.
    if (elapsed < tooEarly || left === 0 || speed === 0) return { speed, eta: undefined }
    // Images tell it when they are many, bytes when they are large: whichever takes longer.
    const byImages = ended > this.#first.ended ? (elapsed * left) / (ended - this.#first.ended) : undefined
    const byBytes = (Math.max(0, bytes.total - bytes.fetched) * 1000) / speed
    return { speed, eta: byImages === undefined ? undefined : Math.max(byImages, byBytes) }
  }
}
