import { describeObstacle, type Obstacle } from '@dist/runs'

/** A line beside the picture of a run: what stands in its way, or what has failed. */
export interface Remark {
  /** The same thing has the same key, however its text changes. */
  readonly key: string
  /** Changes when it is worth being said again. */
  readonly stamp: number
  readonly text: string
}

/** Which remarks a log has not said yet: new ones at once, changed ones when it is time for them. */
export class SaidRemarks {
  #said = new Map<string, number>()

  /** What is to be said; what is gone is forgotten, so that it is said again when it comes back. */
  next(remarks: readonly Remark[], changed: boolean): Remark[] {
    const said = new Map<string, number>()
    const news = remarks.filter(({ key, stamp }) => {
      const before = this.#said.get(key)
      const isNews = before === undefined || (changed && before !== stamp)
      said.set(key, isNews ? stamp : (before ?? stamp))
      return isNews
    })
    this.#said = said
    return news
  }
}

/** What stands in the way, in a line. */
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

/** A pause that is made longer is said again, and so is another number of images. */
function stampOf(obstacle: Obstacle): number {
  if (obstacle.kind === 'paused-host') return Math.round(obstacle.until.getTime() / 10_000)
  return obstacle.kind === 'retries' ? obstacle.images : 0
}
