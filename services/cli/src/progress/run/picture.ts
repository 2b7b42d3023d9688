import type { CollectionStatus } from '@dist/runs'
import { formatBytes, formatDuration } from '../../output/format.js'
import { progressLine } from '../collection.js'
import { Speedometer } from '../redraw.js'

/** The progress of many images. The status of a run is a `Picture`. */
export interface Picture {
  readonly images: Counts & {
    readonly active: number
    readonly canceled?: number | undefined
    /** Images that wait for a retry. They are not counted as active. */
    readonly delayed?: number | undefined
  }
  readonly blobs: Counts
  /** Bytes of the known blobs to fetch. */
  readonly bytes: { readonly total: number; readonly fetched: number }
  /** Of a collection of garbage, which has none of them. */
  readonly collection?: Pick<CollectionStatus, 'progress' | 'dryRun'> | undefined
}

interface Counts {
  readonly total: number
  readonly done: number
  readonly failed: number
}

/** An image in progress. */
export interface InFlight {
  readonly name: string
  readonly state: string
  /** Bytes present and in total, of the blobs to fetch for the image. */
  readonly bytes: { readonly present: number; readonly total: number }
}

export interface Pace {
  /** Bytes per second. */
  readonly speed: number
  /** Estimated milliseconds until the end. Undefined when there is no estimate. */
  readonly eta: number | undefined
}

/** The counts of images and blobs in one line: the last line on a terminal. */
export function countsLine({ images, blobs, collection }: Picture): string {
  if (collection !== undefined) return collectionLine(collection)
  const done = `images ${images.done}/${images.total} done${counts(images)}`
  return `${done} · blobs ${blobs.done}/${blobs.total}${count(blobs.failed, 'failed')}`
}

/** The whole picture in one line, for logs. */
export function pictureLine(picture: Picture, { speed, eta }: Pace): string {
  const { bytes, collection } = picture
  if (collection !== undefined) return collectionLine(collection)
  const parts = [
    countsLine(picture),
    `${formatBytes(bytes.fetched)} / ${formatBytes(Math.max(bytes.total, bytes.fetched))}`,
    `${formatBytes(speed)}/s`,
    ...(eta === undefined ? [] : [`ETA ${formatDuration(eta)}`]),
  ]
  return parts.join(' · ')
}

function collectionLine({ progress, dryRun }: NonNullable<Picture['collection']>): string {
  return progress === undefined ? 'collecting garbage' : progressLine(progress, dryRun)
}

function counts({ failed, canceled = 0, active, delayed = 0 }: Picture['images']): string {
  const ended = count(failed, 'failed') + count(canceled, 'canceled')
  return ended + count(active, 'in flight') + count(delayed, 'to be retried')
}

function count(number: number, what: string): string {
  return number === 0 ? '' : `, ${number} ${what}`
}

/** Milliseconds over which the speed is measured. */
const window = 10_000

/** Milliseconds before the first estimate of the remaining time. */
const minElapsed = 3000

/** Estimates speed and remaining time from successive pictures. */
export class PaceEstimator {
  readonly #speed = new Speedometer(window)
  #first: { at: number; ended: number } | undefined

  at({ images, bytes }: Picture, now = Date.now()): Pace {
    const ended = images.done + images.failed
    this.#first ??= { at: now, ended }
    const speed = this.#speed.at(bytes.fetched, now)
    const elapsed = now - this.#first.at
    const left = images.total - ended
    // Without progress there is no estimate.
    if (elapsed < minElapsed || left === 0 || speed === 0) return { speed, eta: undefined }
    // The first estimate is better for many images, the second for large blobs. The longer one is used.
    const byImages = ended > this.#first.ended ? (elapsed * left) / (ended - this.#first.ended) : undefined
    const byBytes = (Math.max(0, bytes.total - bytes.fetched) * 1000) / speed
    return { speed, eta: byImages === undefined ? undefined : Math.max(byImages, byBytes) }
  }
}
