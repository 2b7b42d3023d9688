import { setTimeout as delay } from 'node:timers/promises'
import { abortError, hasCode, isNotFound, throwIfAborted, unlessAborted } from '@dist/errdefs'
import type { Obstacle, ObstacleReader, RunKind, RunStatus, Runs } from '@dist/runs'
import { type Remark, type RunView, remarkOf } from '../progress/run/view.js'
import { FailureGroups } from '../report/failures.js'

export interface FollowOptions {
  signal: AbortSignal
  onStatus: (status: RunStatus) => void
  /** Called once each time that the queue stops answering. Queries go on. */
  onAway?: ((error: unknown) => void) | undefined
  /** Milliseconds between two queries. Default: 1,000. */
  every?: number | undefined
}

/**
 * Queries a run until it has ended: at an interval, and as soon as its end is announced. Resolves to undefined if the run is
 * lost or no longer in the queue. Waits for a queue that does not answer. Throws `CANCELED` at once when the signal aborts.
 */
export async function followRun(
  runs: Pick<Runs, 'status' | 'watch'>,
  run: string,
  { signal, onStatus, onAway, every = 1000 }: FollowOptions,
): Promise<RunStatus | undefined> {
  await using watch = runs.watch(run)
  let away = false
  for (;;) {
    try {
      const status = await unlessAborted(runs.status(run), signal)
      away = false
      onStatus(status)
      if (status.state === 'lost') return undefined
      if (status.state !== 'running') return status
    } catch (error) {
      throwIfAborted(signal)
      if (isNotFound(error)) return undefined
      if (!hasCode(error, 'UNAVAILABLE', 'DEADLINE_EXCEEDED')) throw error
      if (!away) onAway?.(error)
      away = true
    }
    await watch.ended(every, signal)
  }
}

/** Whether an obstacle delays runs of a kind. Workers collect no garbage. */
export function concerns(kind: RunKind, obstacle: Obstacle): boolean {
  return kind !== 'collect' || obstacle.kind !== 'no-service' || obstacle.service === 'coordinator'
}

/** Waits. Throws `CANCELED` when the signal aborts. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await delay(milliseconds, undefined, { signal }).catch(() => {
    throw abortError(signal)
  })
}

export interface DisplayParts {
  readonly runs: Pick<Runs, 'failed'>
  readonly obstacles?: ObstacleReader | undefined
  /** Milliseconds between two queries of obstacles and failures. Default: 2,000. */
  readonly every?: number | undefined
}

/** Failures of larger runs are not listed while the run goes on, only in its report. */
const lookedThrough = 20_000

/**
 * Shows the progress of a run, its obstacles, and its failures as they happen. Obstacles and failures are queried in the
 * background.
 */
export class RunDisplay {
  #obstacles: readonly Obstacle[] = []
  #failures: readonly Remark[] = []
  #failed = 0
  #looking = false
  #lookedAt = Number.NEGATIVE_INFINITY

  constructor(
    private readonly view: RunView,
    private readonly parts: DisplayParts,
  ) {}

  show(status: RunStatus): void {
    const runs = status.state === 'running'
    if (runs) void this.#look(status)
    // The report of a run that has ended lists the failures.
    this.view.show(status, [], runs ? [...this.#failures, ...this.#obstacles.map(remarkOf)] : [])
  }

  async #look({ id, kind, images }: RunStatus): Promise<void> {
    if (this.#looking || performance.now() - this.#lookedAt < (this.parts.every ?? 2_000)) return
    this.#looking = true
    try {
      const obstacles = (await this.parts.obstacles?.(id)) ?? []
      this.#obstacles = obstacles.filter((each) => concerns(kind, each))
      if (images.failed !== this.#failed && images.total <= lookedThrough) await this.#lookAtFailures(id)
      this.#failed = images.failed
    } catch {
      // The queue does not answer: followRun reports it.
      this.#obstacles = []
    }
    this.#lookedAt = performance.now()
    this.#looking = false
  }

  async #lookAtFailures(run: string): Promise<void> {
    const groups = new FailureGroups()
    for await (const image of this.parts.runs.failed(run)) groups.add(image)
    this.#failures = groups.remarks()
  }
}
