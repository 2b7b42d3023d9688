import type { ImageEvent, MirrorEvent, ObjectEvent, ObjectState } from '@dist/mirror'
import type { Descriptor } from '@dist/oci'
import type { UnpackState } from '@dist/rootfs'

/** The state of a layer that is unpacked into a root filesystem. */
export interface UnpackEvent {
  readonly type: 'unpack'
  readonly reference: string
  readonly desc: Descriptor
  readonly state: UnpackState
  /** Number of bytes read from the stored layer. */
  readonly offset: number
}

/** The state of an image that is unpacked. */
export interface UnpackedImageEvent {
  readonly type: 'unpacked-image'
  readonly reference: string
  readonly state: 'unpacking' | 'unpacked' | 'failed'
}

/** The events that progress shows. */
export type ViewEvent = MirrorEvent | UnpackEvent | UnpackedImageEvent

/** One object of a pull. Several images may need it. */
export interface ObjectProgress {
  readonly desc: Descriptor
  state: ObjectState
  /** Number of bytes present. */
  offset: number
  /** The state of the object for each image that needs it. */
  readonly states: Map<string, ObjectState>
  /** Set when the object is a layer to unpack. */
  unpack?: { readonly state: UnpackState; readonly offset: number } | undefined
}

export interface ImageProgress {
  readonly reference: string
  state: ImageEvent['state'] | UnpackedImageEvent['state']
  /** The objects that no earlier image needed. */
  readonly objects: ObjectProgress[]
}

/** The progress of all images, updated by events. */
export class Progress {
  readonly images = new Map<string, ImageProgress>()
  readonly objects = new Map<string, ObjectProgress>()
  readonly startedAt = Date.now()
  /** The reason of a wait. The next event clears it. */
  notice: string | undefined
  /** Number of bytes received over the network since the start. */
  received = 0
  /** Number of layer bytes unpacked since the start. */
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
    // An object that is present stays present.
    if (object.state === 'done' || object.state === 'exists') return
    const before = object.states.get(reference)
    if (state === 'waiting' && before === 'downloading') return
    this.received += newBytes(object, before, state, offset)
    if (state === 'downloading' || state === 'exists' || state === 'done') object.offset = offset
    if (before === state) return
    object.states.set(reference, state)
    object.state = combinedState(object.states)
  }

  #applyUnpack({ reference, desc, state, offset }: UnpackEvent): void {
    const object = this.#object(reference, desc)
    // Only a stored layer can be unpacked.
    if (object.states.size === 0) Object.assign(object, { state: 'exists', offset: desc.size })
    const before = object.unpack
    const continues = before?.state === 'unpacking' && (state === 'unpacking' || state === 'done')
    if (continues) this.unpacked += Math.max(0, offset - before.offset)
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

  /** Number of bytes received or unpacked since the start. */
  get moved(): number {
    return this.received + this.unpacked
  }

  /** Bytes present and in total, of all known objects. */
  get amount(): { present: number; total: number } {
    let present = 0
    let total = 0
    for (const { desc, offset } of this.objects.values()) {
      present += offset
      total += desc.size
    }
    return { present, total }
  }

  /** Bytes unpacked and in total, of all layers to unpack. Undefined when there are none. */
  get unpackAmount(): { present: number; total: number } | undefined {
    const unpacks = [...this.objects.values()].flatMap(({ desc, unpack }) =>
      unpack === undefined ? [] : [{ size: desc.size, offset: unpack.offset }],
    )
    if (unpacks.length === 0) return undefined
    return {
      present: unpacks.reduce((sum, { offset }) => sum + offset, 0),
      total: unpacks.reduce((sum, { size }) => sum + size, 0),
    }
  }
}

/** Number of bytes that the event adds. The first event of a transfer has its start offset: those bytes came earlier. */
function newBytes(
  object: ObjectProgress,
  before: ObjectState | undefined,
  state: ObjectState,
  offset: number,
): number {
  const continues = state === 'done' || (state === 'downloading' && before === 'downloading')
  return continues ? Math.max(0, offset - object.offset) : 0
}

const statePriority = ['done', 'exists', 'downloading', 'waiting', 'failed'] as const

/** The state with the highest priority. An image may wait for an object, or give it up, while another fetches it. */
function combinedState(states: ReadonlyMap<string, ObjectState>): ObjectState {
  const present = new Set(states.values())
  return statePriority.find((state) => present.has(state)) ?? 'canceled'
}

/** The stage of an object that is shown: unpacking for a layer to unpack, else the transfer. */
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
