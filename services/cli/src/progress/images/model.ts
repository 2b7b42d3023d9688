import type { ImageEvent, MirrorEvent, ObjectEvent, ObjectState } from '@dist/mirror'
import type { Descriptor } from '@dist/oci'
import type { UnpackState } from '@dist/rootfs'

/** A layer of an image on its way into a root filesystem. */
export interface UnpackEvent {
  readonly type: 'unpack'
  readonly reference: string
  readonly desc: Descriptor
  readonly state: UnpackState
  /** Bytes of the layer as it is stored that have been read. */
  readonly offset: number
}

/** How far an image is that is unpacked. */
export interface UnpackedImageEvent {
  readonly type: 'unpacked-image'
  readonly reference: string
  readonly state: 'unpacking' | 'unpacked' | 'failed'
}

/** What progress shows. */
export type ViewEvent = MirrorEvent | UnpackEvent | UnpackedImageEvent

/** One object of a pull, however many of the images need it. */
export interface ObjectProgress {
  readonly desc: Descriptor
  state: ObjectState
  /** Bytes that are there. */
  offset: number
  /** What the object is going through for each of the images that need it. */
  readonly states: Map<string, ObjectState>
  /** Set once it is to be unpacked. */
  unpack?: { readonly state: UnpackState; readonly offset: number } | undefined
}

export interface ImageProgress {
  readonly reference: string
  state: ImageEvent['state'] | UnpackedImageEvent['state']
  /** Those that this image was the first to need. */
  readonly objects: ObjectProgress[]
}

/** What has happened so far, built up from events. */
export class Progress {
  readonly images = new Map<string, ImageProgress>()
  readonly objects = new Map<string, ObjectProgress>()
  readonly startedAt = Date.now()
  /** What is waited for; it is gone with the next event. */
  notice: string | undefined
  /** Bytes that came over the network since the start. */
  received = 0
  /** Bytes of layers that were unpacked since the start. */
  unpacked = 0

  apply(event: ViewEvent): void {
    this.notice = undefined
    if (event.type === 'object') this.#applyObject(event)
    else if (event.type === 'unpack') this.#applyUnpack(event)
    else this.#image(event.reference).state = event.state
  }

  #image(reference: string): ImageProgress {
    const known = this.images.get(reference)
    if (known !== undefined) return known
    const image: ImageProgress = { reference, state: 'resolving', objects: [] }
    this.images.set(reference, image)
    return image
  }

  #applyObject({ reference, desc, state, offset }: ObjectEvent): void {
    const object = this.#object(reference, desc)
    // What is there stays there.
    if (object.state === 'done' || object.state === 'exists') return
    const before = object.states.get(reference)
    if (state === 'waiting' && before === 'downloading') return
    this.received += receivedBy(object, before, state, offset)
    if (state === 'downloading' || state === 'exists' || state === 'done') object.offset = offset
    if (before === state) return
    object.states.set(reference, state)
    object.state = foremost(object.states)
  }

  #applyUnpack({ reference, desc, state, offset }: UnpackEvent): void {
    const object = this.#object(reference, desc)
    // Only what is stored can be unpacked.
    if (object.states.size === 0) Object.assign(object, { state: 'exists', offset: desc.size })
    const before = object.unpack
    const goesOn = before?.state === 'unpacking' && (state === 'unpacking' || state === 'done')
    if (goesOn) this.unpacked += Math.max(0, offset - before.offset)
    object.unpack = { state, offset }
  }

  #object(reference: string, desc: Descriptor): ObjectProgress {
    const known = this.objects.get(desc.digest)
    if (known !== undefined) return known
    const object: ObjectProgress = { desc, state: 'waiting', offset: 0, states: new Map() }
    this.objects.set(desc.digest, object)
    this.#image(reference).objects.push(object)
    return object
  }

  /** Bytes per second since the start. */
  get averageSpeed(): number {
    return (this.moved * 1000) / Math.max(1, Date.now() - this.startedAt)
  }

  /** Bytes that came or were unpacked since the start. */
  get moved(): number {
    return this.received + this.unpacked
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

  /** Bytes that are unpacked, of all layers that are to be; undefined where there is nothing to unpack. */
  get unpackAmount(): { there: number; total: number } | undefined {
    const unpacks = [...this.objects.values()].flatMap(({ desc, unpack }) =>
      unpack === undefined ? [] : [{ size: desc.size, offset: unpack.offset }],
    )
    if (unpacks.length === 0) return undefined
    return {
      there: unpacks.reduce((sum, { offset }) => sum + offset, 0),
      total: unpacks.reduce((sum, { size }) => sum + size, 0),
    }
  }
}

/** Bytes that are new. The first report of a transfer tells where it starts: those bytes came earlier. */
function receivedBy(
  object: ObjectProgress,
  before: ObjectState | undefined,
  state: ObjectState,
  offset: number,
): number {
  const goesOn = state === 'done' || (state === 'downloading' && before === 'downloading')
  return goesOn ? Math.max(0, offset - object.offset) : 0
}

const foremostFirst = ['done', 'exists', 'downloading', 'waiting', 'failed'] as const

/** An image that waits for an object, or gives it up, changes nothing for the one that fetches it. */
function foremost(states: ReadonlyMap<string, ObjectState>): ObjectState {
  const present = new Set(states.values())
  return foremostFirst.find((state) => present.has(state)) ?? 'canceled'
}

/** What is shown of an object: the last that it goes through. */
export interface ObjectStage {
  readonly state: ObjectState | 'unpacking' | 'unpacked'
  /** Bytes. */
  readonly offset: number
}

const unpackStages: Readonly<Record<UnpackState, ObjectStage['state']>> = {
  waiting: 'waiting',
  unpacking: 'unpacking',
  exists: 'unpacked',
  done: 'unpacked',
  failed: 'failed',
}

export function stageOf({ state, offset, unpack }: ObjectProgress): ObjectStage {
  return unpack === undefined
    ? { state, offset }
    : { state: unpackStages[unpack.state], offset: unpack.offset }
}
