import type { ImageEvent } from '@dist/mirror'
import { hasChildren } from '@dist/oci'
import type { Context } from '../../context.js'
import { describeError } from '../../errors/errors.js'
import { failureOf, formatBytes, labelOf } from '../../output/format.js'
import { Progress, type UnpackEvent, type UnpackedImageEvent, type ViewEvent } from './model.js'

/** Shows the progress of a pull, a push or an unpacking. */
export interface ProgressView {
  onEvent(event: ViewEvent): void
  /** Shows the reason of a wait. */
  notice(line: string): void
  /** Leaves the last picture on the screen. A second call does nothing. */
  end(): void
}

export interface ViewOptions {
  /** Plain lines also on a terminal, for example when other output goes to it. Default: false. */
  plain?: boolean | undefined
  /** The label of an object in transfer. Default: `downloading`. */
  moving?: string | undefined
}

/** Bars on a terminal, plain lines elsewhere. */
export async function openView(
  { stderr, env }: Context,
  { plain = false, moving }: ViewOptions = {},
): Promise<ProgressView & { progress: Progress }> {
  const progress = new Progress()
  const bars = stderr.isTTY && env.TERM !== 'dumb' && !plain
  const view = bars ? (await import('./bars.js')).barsView(progress, stderr, env, moving) : plainView(stderr)
  let ended = false
  return {
    progress,
    notice: (line) => view.notice(line),
    onEvent: (event) => {
      progress.apply(event)
      view.onEvent(event)
    },
    end: () => {
      if (!ended) view.end()
      ended = true
    },
  }
}

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
