import type { ImageEvent } from '@dist/mirror'
import { hasChildren } from '@dist/oci'
import { describeError } from '../../errors/describe.js'
import { formatBytes } from '../../output/format.js'
import { labelOf } from '../../output/labels.js'
import { failureOf } from '../../output/names.js'
import type { UnpackEvent, UnpackedImageEvent, ViewEvent } from './model.js'
import type { ProgressView } from './view.js'

/** Progress as plain lines, for logs and pipes: resolved references, fetched objects and the result of each image. */
export function plainView(stderr: NodeJS.WriteStream): ProgressView {
  const write = (line: string) => stderr.write(`${line}\n`)
  const notice = (line: string) => write(`dist: ${line}`)
  return { onEvent: (event) => writeEvent(event, write), notice, end: () => {} }
}

function writeEvent(event: ViewEvent, write: (line: string) => void): void {
  if (event.type === 'unpack' || event.type === 'unpacked-image') {
    if (event.state === 'done' || event.state === 'unpacked') write(unpackLine(event))
    return
  }
  if (event.type === 'object') {
    if (event.state === 'done' && !hasChildren(event.desc.mediaType)) {
      write(`${event.reference}: done ${labelOf(event.desc)} ${formatBytes(event.desc.size)}`)
    }
    return
  }
  if (event.state === 'resolved') write(`${event.reference}: resolved ${event.desc?.digest}`)
  if (event.state === 'delayed') write(delayedLine(event))
  if (event.state === 'done') write(`${event.reference}: ${event.plan?.upToDate ? 'up to date' : 'done'}`)
}

/** The reason for which an image waits, and the time until the retry. */
function delayedLine({ reference, error, until = Date.now() }: ImageEvent): string {
  const why = failureOf(reference, describeError(error))
  return `${why}: retried in ${Math.max(1, Math.round((until - Date.now()) / 1000))} s`
}

function unpackLine(event: UnpackEvent | UnpackedImageEvent): string {
  if (event.type === 'unpacked-image') return `${event.reference}: unpacked`
  return `${event.reference}: unpacked ${labelOf(event.desc)} ${formatBytes(event.desc.size)}`
}
