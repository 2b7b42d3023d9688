import type { ImageEvent, MirrorEvent, ObjectEvent } from '@dist/mirror'
import { type Descriptor, type Digest, hasChildren } from '@dist/oci'
import type { InFlight, Picture } from './picture.js'
import { SharedBlob, type Transfer } from './shared.js'

interface Image {
  state: string
  /** The blobs that were missing when the image was planned. */
  readonly blobs: Map<Digest, Transfer>
}

/** Counts the work of the embedded engine. For images that have ended, only the counts are kept. */
export class Tally {
  readonly #inFlight = new Map<string, Image>()
  /** The images in flight that wait for a retry. */
  readonly #delayed = new Set<string>()
  readonly #shared = new Map<Digest, SharedBlob>()
  readonly #images: { total: number; done: number; failed: number; canceled: number }
  readonly #blobs = { total: 0, done: 0, failed: 0 }
  readonly #bytes = { total: 0, fetched: 0 }

  /** `total`: number of images. `moving`: the label of an image in transfer. */
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
      const bytes = { present: 0, total: 0 }
      for (const { offset, size } of blobs.values()) {
        bytes.present += offset
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
    this.#update(known, blob, () => blobs.set(digest, blob.addTransfer()))
  }

  #applyBlob({ reference, desc, state, offset }: ObjectEvent): void {
    const transfer = this.#inFlight.get(reference)?.blobs.get(desc.digest)
    if (transfer === undefined) return
    this.#update(transfer.blob, transfer.blob, () => transfer.apply(state, offset))
  }

  /** Applies `change`, and updates the counters by the difference of the blob before and after it. */
  #update(before: SharedBlob | undefined, blob: SharedBlob, change: () => unknown): void {
    if (before !== undefined) this.#addCounts(before, -1)
    change()
    this.#addCounts(blob, 1)
  }

  #addCounts(blob: SharedBlob, sign: 1 | -1): void {
    this.#blobs.total += sign
    if (blob.done) this.#blobs.done += sign
    if (blob.failed) this.#blobs.failed += sign
    this.#bytes.total += sign * blob.toFetch
    this.#bytes.fetched += sign * blob.fetched
  }
}
