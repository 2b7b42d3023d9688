import type { ImageEvent, MirrorEvent, ObjectEvent } from '@dist/mirror'
import { type Descriptor, type Digest, hasChildren } from '@dist/oci'
import type { InFlight, Picture } from './picture.js'
import { SharedBlob, type Transfer } from './shared.js'

interface Image {
  state: string
  /** Those that the image lacked when it was planned. */
  readonly blobs: Map<Digest, Transfer>
}

/** Counts what the embedded engine does. Of images that have ended only the counts are kept. */
export class Tally {
  readonly #inFlight = new Map<string, Image>()
  /** Those of them that wait to be retried. */
  readonly #delayed = new Set<string>()
  readonly #shared = new Map<Digest, SharedBlob>()
  readonly #images: { total: number; done: number; failed: number; canceled: number }
  readonly #blobs = { total: 0, done: 0, failed: 0 }
  readonly #bytes = { total: 0, fetched: 0 }

  /** `total`: images in all. `moving`: what an image on its way is said to be doing. */
  constructor(
    total: number,
    private readonly moving: string = 'fetching',
  ) {
    this.#images = { total, done: 0, failed: 0, canceled: 0 }
  }

  get picture(): Picture {
    const delayed = this.#delayed.size
    const active = this.#inFlight.size - delayed
    return {
      images: { ...this.#images, active, ...(delayed === 0 ? {} : { delayed }) },
      blobs: { ...this.#blobs },
      bytes: { ...this.#bytes },
    }
  }

  get inFlight(): InFlight[] {
    const moving = [...this.#inFlight].filter(([name]) => !this.#delayed.has(name))
    return moving.map(([name, { state, blobs }]) => {
      const bytes = { there: 0, total: 0 }
      for (const { offset, size } of blobs.values()) {
        bytes.there += offset
        bytes.total += size
      }
      return { name, state, bytes }
    })
  }

  apply(event: MirrorEvent): void {
    if (event.type === 'image') this.#applyImage(event)
    else if (!hasChildren(event.desc.mediaType)) this.#applyBlob(event)
  }

  #applyImage({ reference, state, plan }: ImageEvent): void {
    if (state === 'delayed') this.#delayed.add(reference)
    else this.#delayed.delete(reference)
    if (state === 'done' || state === 'failed' || state === 'canceled') {
      this.#inFlight.delete(reference)
      this.#images[state]++
      return
    }
    const image = this.#inFlight.get(reference) ?? { state, blobs: new Map<Digest, Transfer>() }
    image.state = state === 'planned' ? this.moving : state
    this.#inFlight.set(reference, image)
    for (const desc of plan?.missing ?? []) this.#expect(image, desc)
  }

  #expect({ blobs }: Image, { digest, size }: Descriptor): void {
    if (blobs.has(digest)) return
    const known = this.#shared.get(digest)
    const blob = known ?? new SharedBlob(size)
    this.#shared.set(digest, blob)
    this.#changing(known, blob, () => blobs.set(digest, blob.wanted()))
  }

  #applyBlob({ reference, desc, state, offset }: ObjectEvent): void {
    const transfer = this.#inFlight.get(reference)?.blobs.get(desc.digest)
    if (transfer === undefined) return
    this.#changing(transfer.blob, transfer.blob, () => transfer.apply(state, offset))
  }

  /** Counters change by what a blob comes to before and after. */
  #changing(before: SharedBlob | undefined, blob: SharedBlob, change: () => unknown): void {
    if (before !== undefined) this.#weigh(before, -1)
    change()
    this.#weigh(blob, 1)
  }

  #weigh(blob: SharedBlob, sign: 1 | -1): void {
    this.#blobs.total += sign
    if (blob.done) this.#blobs.done += sign
    if (blob.failed) this.#blobs.failed += sign
    this.#bytes.total += sign * blob.toFetch
    this.#bytes.fetched += sign * blob.fetched
  }
}
