import type { ObjectState } from '@dist/mirror'
import type { UnpackState } from '@dist/rootfs'
import type { ObjectProgress } from './model.js'

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
