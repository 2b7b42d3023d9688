import type { Descriptor } from '@dist/oci'
import type { Plan } from './plan.js'

/**
 * The state of an object of an image. `waiting`: for a slot, or for another image or process that fetches it. `exists`: the
 * target had it. `done`: it was fetched, verified and stored. `canceled`: another object of the image failed, or the signal
 * aborted. The last four are final.
 */
export type ObjectState = 'waiting' | 'downloading' | 'exists' | 'done' | 'failed' | 'canceled'

export interface ObjectEvent {
  readonly type: 'object'
  /** The reference of the image, formatted. */
  readonly reference: string
  readonly desc: Descriptor
  readonly state: ObjectState
  /** Bytes that are stored, those of earlier, interrupted transfers included. */
  readonly offset: number
}

export interface ImageEvent {
  readonly type: 'image'
  readonly reference: string
  /** `delayed`: it will be tried again; `error` is the reason. */
  readonly state: 'resolving' | 'resolved' | 'planned' | 'delayed' | 'done' | 'failed' | 'canceled'
  readonly desc?: Descriptor | undefined
  readonly plan?: Plan | undefined
  readonly error?: unknown
  /** For `delayed`: approximate time of the next attempt, in milliseconds since the epoch. */
  readonly until?: number | undefined
}

/** The progress of a mirror run. Best effort: nothing depends on events. */
export type MirrorEvent = ImageEvent | ObjectEvent
