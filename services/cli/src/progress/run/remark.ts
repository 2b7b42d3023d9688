import { describeObstacle, type Obstacle } from '@dist/runs'

/** A line in addition to the picture of a run: an obstacle or a failure. */
export interface Remark {
  /** Identifies the obstacle or failure. It does not depend on the text. */
  readonly key: string
  /** Changes when the remark should be written again. */
  readonly stamp: number
  readonly text: string
}

/** Selects the remarks to write to a log: new remarks at once, changed remarks with the next line. */
export class RemarkLog {
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
  if (kind === 'paused-host') return `${kind} ${obstacle.host}`
  return kind === 'held' ? `${kind} ${obstacle.subject}` : kind
}

/** Changes when a pause becomes longer, and when the number of images changes. */
function stampOf(obstacle: Obstacle): number {
  if (obstacle.kind === 'paused-host') return Math.round(obstacle.until.getTime() / 10_000)
  return obstacle.kind === 'retries' ? obstacle.images : 0
}
