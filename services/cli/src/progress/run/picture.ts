import { formatBytes, formatDuration } from '../../output/format.js'
import { Speedometer } from '../redraw.js'

/** How far many images are. A run's status is one. */
export interface Picture {
  readonly images: Counts & {
    readonly active: number
    readonly canceled?: number | undefined
    /** Those that wait to be retried, beside the active ones. */
    readonly delayed?: number | undefined
  }
  readonly blobs: Counts
  /** Of the blobs that have to be fetched, as far as they are known. */
  readonly bytes: { readonly total: number; readonly fetched: number }
}

interface Counts {
  readonly total: number
  readonly done: number
  readonly failed: number
}

/** An image under way. */
export interface InFlight {
  readonly name: string
  readonly state: string
  /** Bytes that are there, and those in all, of what has to be fetched for it. */
  readonly bytes: { readonly there: number; readonly total: number }
}

export interface Pace {
  /** Bytes per second. */
  readonly speed: number
  /** Milliseconds until the end, where that can be told. */
  readonly eta: number | undefined
}

/** Images and blobs in one line: the last one on a terminal. */
export function countsLine({ images, blobs }: Picture): string {
  const done = `images ${images.done}/${images.total} done${counts(images)}`
  return `${done} · blobs ${blobs.done}/${blobs.total}${count(blobs.failed, 'failed')}`
}

/** Everything in one line: for logs. */
export function pictureLine(picture: Picture, { speed, eta }: Pace): string {
  const { bytes } = picture
  const parts = [
    countsLine(picture),
    `${formatBytes(bytes.fetched)} / ${formatBytes(Math.max(bytes.total, bytes.fetched))}`,
    `${formatBytes(speed)}/s`,
    ...(eta === undefined ? [] : [`ETA ${formatDuration(eta)}`]),
  ]
  return parts.join(' · ')
}

function counts({ failed, canceled = 0, active, delayed = 0 }: Picture['images']): string {
  const ended = count(failed, 'failed') + count(canceled, 'canceled')
  return ended + count(active, 'in flight') + count(delayed, 'to be retried')
}

function count(number: number, what: string): string {
  return number === 0 ? '' : `, ${number} ${what}`
}

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
