import { describeObstacle, type Obstacle } from '@dist/runs'
import type { Context } from '../../context.js'
import { type InFlight, PaceEstimator, type Picture, pictureLine } from './picture.js'

/** Shows the progress of any number of images in bounded space. */
export interface RunView {
  /** A view may skip pictures. */
  show(picture: Picture, inFlight?: readonly InFlight[], remarks?: readonly Remark[]): void
  /** Shows the last picture and leaves it on the screen. A second call does nothing. */
  end(): void
}

/** Milliseconds between two lines of a log. */
export const lineInterval = 5000

/** Redraws the picture on a terminal. Other outputs, and those with `plain`, get a line every few seconds. */
export async function openRunView(
  { stderr, env }: Context,
  { plain = false }: { plain?: boolean | undefined } = {},
): Promise<RunView> {
  if (!stderr.isTTY || env.TERM === 'dumb' || plain) return lineView(stderr)
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
    const key = JSON.stringify([picture.images, picture.blobs, picture.bytes, picture.collection?.progress])
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

/** A line in addition to the picture of a run: an obstacle or a failure. */
export interface Remark {
  /** Identifies the obstacle or failure. It does not depend on the text. */
  readonly key: string
  /** Changes when the remark should be written again. */
  readonly stamp: number
  readonly text: string
}

/** Selects the remarks to write to a log: new remarks at once, changed remarks with the next line. */
class RemarkLog {
  #written = new Map<string, number>()

  /** The remarks to write. A remark that is absent once is new when it returns. `changed`: include changed remarks. */
  next(remarks: readonly Remark[], changed: boolean): Remark[] {
    const written = new Map<string, number>()
    const added = remarks.filter(({ key, stamp }) => {
      const before = this.#written.get(key)
      const isNew = before === undefined || (changed && before !== stamp)
      written.set(key, isNew ? stamp : (before ?? stamp))
      return isNew
    })
    this.#written = written
    return added
  }
}

/** The remark of an obstacle. */
export function remarkOf(obstacle: Obstacle): Remark {
  return { key: keyOf(obstacle), stamp: stampOf(obstacle), text: describeObstacle(obstacle) }
}

function keyOf(obstacle: Obstacle): string {
  const { kind } = obstacle
  if (kind === 'no-service') return `${kind} ${obstacle.service}`
  if (kind === 'paused-queue') return `${kind} ${obstacle.queue}`
  if (kind === 'paused-host' || kind === 'quota') return `${kind} ${obstacle.host}`
  return kind === 'held' ? `${kind} ${obstacle.subject}` : kind
}

/** Changes when a pause becomes longer, and when the number of images changes. */
function stampOf(obstacle: Obstacle): number {
  if (obstacle.kind === 'paused-host') return Math.round(obstacle.until.getTime() / 10_000)
  if (obstacle.kind === 'quota') return obstacle.remaining
  return obstacle.kind === 'retries' ? obstacle.images : 0
}
