import type { ImageEvent, MirrorEvent, ObjectEvent } from '@dist/mirror'
import { type Descriptor, hasChildren } from '@dist/oci'
import type { InFlight, Picture } from './picture.js'

interface Blob {
  readonly size: number
  downloading: boolean
  /** Bytes that are there. */
  offset: number
}

interface Image {
  state: string
  /** Those that the image lacked when it was planned. */
  readonly blobs: Map<string, Blob>
}

/** Counts what the embedded engine does. Of images that have ended only the counts are kept. */
export class Tally {
  readonly #inFlight = new Map<string, Image>()
  readonly #images: { total: number; done: number; failed: number }
  readonly #blobs = { total: 0, done: 0, failed: 0 }
  readonly #bytes = { total: 0, fetched: 0 }

  /** `total`: images in all. */
  constructor(total: number) {
    this.#images = { total, done: 0, failed: 0 }
  }

  get picture(): Picture {
    return {
      images: { ...this.#images, active: this.#inFlight.size },
      blobs: { ...this.#blobs },
      bytes: { ...this.#bytes },
    }
  }

  get inFlight(): InFlight[] {
    return [...this.#inFlight].map(([name, { state, blobs }]) => {
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
    if (state === 'done' || state === 'failed') {
      if (this.#inFlight.delete(reference)) this.#images[state]++
      return
    }
    const image = this.#inFlight.get(reference) ?? { state, blobs: new Map<string, Blob>() }
    image.state = state === 'planned' ? 'fetching' : state
    this.#inFlight.set(reference, image)
    for (const desc of plan?.missing ?? []) this.#expect(image, desc)
  }

  #expect({ blobs }: Image, { digest, size }: Descriptor): void {
    if (blobs.has(digest)) return
    blobs.set(digest, { size, downloading: false, offset: 0 })
    this.#blobs.total++
    this.#bytes.total += size
  }

  #applyBlob({ reference, desc, state, offset }: ObjectEvent): void {
    const blob = this.#inFlight.get(reference)?.blobs.get(desc.digest)
    if (blob === undefined) return
    if (state === 'downloading') this.#advance(blob, offset)
    if (state === 'done' || state === 'exists') this.#blobs.done++
    if (state === 'failed') this.#blobs.failed++
    if (state === 'done') this.#bytes.fetched += Math.max(0, blob.size - blob.offset)
    // It came through another image, or another process.
    if (state === 'exists') this.#bytes.total -= blob.size
    if (state === 'done' || state === 'exists') blob.offset = blob.size
  }

  /** The first report of a transfer tells where it started: those bytes came earlier, and are not to be fetched. */
  #advance(blob: Blob, offset: number): void {
    if (blob.downloading) this.#bytes.fetched += Math.max(0, offset - blob.offset)
    else this.#bytes.total -= offset
    blob.downloading = true
    blob.offset = offset
  }
}
