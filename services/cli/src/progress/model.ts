import type { ImageEvent, MirrorEvent, ObjectEvent, ObjectState } from '@dist/mirror'
import type { Descriptor } from '@dist/oci'

/** One object of a pull, however many of the images need it. */
export interface ObjectProgress {
  readonly desc: Descriptor
  state: ObjectState
  offset: number
}

export interface ImageProgress {
  readonly reference: string
  state: ImageEvent['state']
  readonly objects: ObjectProgress[]
}

/** What has happened so far, built up from events. */
export class Progress {
  readonly images = new Map<string, ImageProgress>()
  readonly objects = new Map<string, ObjectProgress>()
  readonly startedAt = Date.now()
  /** Bytes that came over the network since the start. */
  received = 0

  apply(event: MirrorEvent): void {
    if (event.type === 'image') this.#image(event.reference).state = event.state
    else this.#applyObject(event)
  }

  #image(reference: string): ImageProgress {
    const known = this.images.get(reference)
    if (known !== undefined) return known
    const image: ImageProgress = { reference, state: 'resolving', objects: [] }
    this.images.set(reference, image)
    return image
  }

  #applyObject({ reference, desc, state, offset }: ObjectEvent): void {
    const known = this.objects.get(desc.digest)
    if (known === undefined) {
      const object = { desc, state, offset }
      this.objects.set(desc.digest, object)
      this.#image(reference).objects.push(object)
      if (state === 'done') this.received += desc.size
      return
    }
    // What is there stays there; and another image that waits for the same object does not set it back.
    if (known.state === 'done' || known.state === 'exists') return
    if (state === 'waiting' && known.state === 'downloading') return
    if (state === 'downloading' || state === 'done') this.received += this.#advance(known, state, offset)
    known.state = state
    known.offset = offset
  }

  /** The first report of a transfer that goes on tells where it started: those bytes came earlier. */
  #advance(known: ObjectProgress, state: ObjectState, offset: number): number {
    if (known.state === 'waiting' && state === 'downloading') return 0
    return Math.max(0, offset - known.offset)
  }

  /** Bytes per second since the start. */
  get averageSpeed(): number {
    return (this.received * 1000) / Math.max(1, Date.now() - this.startedAt)
  }

  /** Bytes that are there, of all objects known so far. */
  get amount(): { there: number; total: number } {
    let there = 0
    let total = 0
    for (const { desc, offset } of this.objects.values()) {
      there += offset
      total += desc.size
    }
    return { there, total }
  }
}
