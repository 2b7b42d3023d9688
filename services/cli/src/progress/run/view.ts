import type { Context } from '../../context.js'
import { type InFlight, PaceEstimator, type Picture, pictureLine } from './picture.js'
import { type Remark, RemarkLog } from './remark.js'

/** Shows the progress of any number of images in bounded space. */
export interface RunView {
  /** A view may skip pictures. */
  show(picture: Picture, inFlight?: readonly InFlight[], remarks?: readonly Remark[]): void
  /** Shows the last picture and leaves it on the screen. A second call does nothing. */
  end(): void
}

/** Milliseconds between two lines of a log. */
export const lineInterval = 5000

/** Redraws the picture on a terminal. Other outputs get a line every few seconds. */
export async function openRunView({ stderr, env }: Context): Promise<RunView> {
  if (!stderr.isTTY || env.TERM === 'dumb') return lineView(stderr)
  return (await import('./terminal.js')).terminalView(stderr, env)
}

/** Writes a line when the picture has changed, at most one in `every` milliseconds. Writes new remarks at once. */
export function lineView(stderr: NodeJS.WriteStream, every = lineInterval): RunView {
  const estimator = new PaceEstimator()
  const remarkLog = new RemarkLog()
  let shown: { at: number; key: string } | undefined
  let last: Picture | undefined
  let lastRemarks: readonly Remark[] = []
  const writeRemarks = (changed: boolean) => {
    for (const { text } of remarkLog.next(lastRemarks, changed)) stderr.write(`dist: ${text}\n`)
  }
  const write = (picture: Picture) => {
    const key = JSON.stringify([picture.images, picture.blobs, picture.bytes])
    if (shown?.key === key) return
    shown = { at: Date.now(), key }
    stderr.write(`${pictureLine(picture, estimator.at(picture))}\n`)
  }
  return {
    show: (picture, _inFlight, remarks = []) => {
      last = picture
      lastRemarks = remarks
      const due = shown === undefined || Date.now() - shown.at >= every
      writeRemarks(due)
      if (due) write(picture)
    },
    end: () => {
      if (last !== undefined) write(last)
      last = undefined
    },
  }
}
