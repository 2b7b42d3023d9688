import type { Context } from '../../context.js'
import { Pacemaker } from './pace.js'
import { type InFlight, type Picture, pictureLine } from './picture.js'

/** Shows how far many images are: in bounded space, however many they are. */
export interface RunView {
  /** A view may leave pictures out. */
  show(picture: Picture, inFlight?: readonly InFlight[]): void
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

/** A line each time that something has changed, but none sooner than `every` after the one before. */
export function lineView(stderr: NodeJS.WriteStream, every = lineInterval): RunView {
  const pacemaker = new Pacemaker()
  let said: { at: number; key: string } | undefined
  let last: Picture | undefined
  const say = (picture: Picture) => {
    const key = JSON.stringify([picture.images, picture.blobs, picture.bytes])
    if (said?.key === key) return
    said = { at: Date.now(), key }
    stderr.write(`${pictureLine(picture, pacemaker.at(picture))}\n`)
  }
  return {
    show: (picture) => {
      last = picture
      if (said === undefined || Date.now() - said.at >= every) say(picture)
    },
    end: () => {
      if (last !== undefined) say(last)
      last = undefined
    },
  }
}
