import type { Context } from '../../context.js'
import { type InFlight, type Picture, pictureLine, RedrawTimer } from './picture.js'
import { type Remark, SaidRemarks } from './remark.js'

/** Shows how far many images are: in bounded space, however many they are. */
export interface RunView {
  /** A view may leave pictures out. */
  show(picture: Picture, inFlight?: readonly InFlight[], remarks?: readonly Remark[]): void
  /** Shows the last picture, which stays. Ending twice does nothing. */
  end(): void
}

/** Milliseconds between two lines of a log. */
export const lineInterval = 5000

/** In place on a terminal, a line every few seconds elsewhere. */
export async function openRunView({ stderr, env }: Context): Promise<RunView> {
  if (!stderr.isTTY || env.TERM === 'dumb') return lineView(stderr)
  return (await import('./terminal.js')).terminalView(stderr, env)
}

/**
 * A line each time that something has changed, but none sooner than `every` after the one before. What is new among the
 * remarks is said at once.
 */
export function lineView(stderr: NodeJS.WriteStream, every = lineInterval): RunView {
  const pacemaker = new RedrawTimer()
  const said = new SaidRemarks()
  let shown: { at: number; key: string } | undefined
  let last: Picture | undefined
  let beside: readonly Remark[] = []
  const remark = (changed: boolean) => {
    for (const { text } of said.next(beside, changed)) stderr.write(`dist: ${text}\n`)
  }
  const say = (picture: Picture) => {
    const key = JSON.stringify([picture.images, picture.blobs, picture.bytes])
    if (shown?.key === key) return
    shown = { at: Date.now(), key }
    stderr.write(`${pictureLine(picture, pacemaker.at(picture))}\n`)
  }
  return {
    show: (picture, _inFlight, remarks = []) => {
      last = picture
      beside = remarks
      const due = shown === undefined || Date.now() - shown.at >= every
      remark(due)
      if (due) say(picture)
    },
    end: () => {
      if (last !== undefined) say(last)
      last = undefined
    },
  }
}
