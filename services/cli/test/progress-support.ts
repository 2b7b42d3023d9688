import { EventEmitter } from 'node:events'
import type { MirrorEvent, ObjectState } from '@dist/mirror'
import { type Descriptor, mediaTypes, parseDigest } from '@dist/oci'
import { Progress } from '../src/progress/images/model.js'

const hex = '0123456789abcdef'

/** A layer whose digest starts with the name, written in hexadecimal digits. */
export function layer(name: string, size = 100): Descriptor {
  const digits = Buffer.from(name).toString('hex').padEnd(64, hex)
  return { mediaType: mediaTypes.ociLayerGzip, digest: parseDigest(`sha256:${digits}`), size }
}

export function object(reference: string, desc: Descriptor, state: ObjectState, offset = 0): MirrorEvent {
  return { type: 'object', reference, desc, state, offset }
}

export function progressOf(...events: readonly MirrorEvent[]): Progress {
  const progress = new Progress()
  for (const event of events) progress.apply(event)
  return progress
}

/** A terminal with the given size that records its output. */
export function fakeTerminal(columns: number, rows: number) {
  let written = ''
  const stream = Object.assign(new EventEmitter(), {
    isTTY: true,
    columns,
    rows,
    write: (text: string) => {
      written += text
      return true
    },
  })
  return { stream: stream as unknown as NodeJS.WriteStream, written: () => written, resize: stream }
}
