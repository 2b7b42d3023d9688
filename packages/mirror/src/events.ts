import type { Descriptor } from '@dist/oci'
import type { Plan } from './plan.js'

/**
 * What an object of an image is going through. `waiting`: for its turn, or for somebody else who fetches it;
 * `exists`: it was there; `done`: it was fetched, verified and stored; `canceled`: it was called off, because another
 * object of the image failed or the caller gave up. The last four end it for this image.
 */
export type ObjectState = 'waiting' | 'downloading' | 'exists' | 'done' | 'failed' | 'canceled'

export interface ObjectEvent {
  readonly type: 'object'
  /** The reference as it was asked for. */
  readonly reference: string
  readonly desc: Descriptor
  readonly state: ObjectState
  /** Bytes that are there, those of earlier, cut-off transfers included. */
  readonly offset: number
}

export interface ImageEvent {
  readonly type: 'image'
  readonly reference: string
  /** `delayed`: it waits, holding nothing, and is tried again; `error` says why. */
  readonly state: 'resolving' | 'resolved' | 'planned' | 'delayed' | 'done' | 'failed' | 'canceled'
  readonly desc?: Descriptor | undefined
  readonly plan?: Plan | undefined
  readonly error?: unknown
  /** Of one that is delayed: about when it is tried again, in milliseconds since the epoch. */
  readonly until?: number | undefined
}

/** What a mirror run tells while it goes on. Nothing depends on its being heard. */
export type MirrorEvent = ImageEvent | ObjectEvent
