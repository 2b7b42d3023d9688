import { codeOf } from '@dist/errdefs'
import type { ImageEvent, MirrorEvent } from '@dist/mirror'
import type { HostStates } from '@dist/remotes'
import { type Obstacle, obstaclesOfHosts } from '@dist/runs'
import { describeError } from '../errors/errors.js'
import { type Remark, remarkOf } from '../progress/run/view.js'

/** Milliseconds between two queries of host states. */
const lookEvery = 1_000

/** The obstacles of images that this process mirrors. */
export class Troubles {
  readonly #delayed = new Map<string, ImageEvent>()
  #paused: Obstacle[] = []
  #lookedAt = Number.NEGATIVE_INFINITY

  constructor(private readonly hosts: Pick<HostStates, 'states'>) {}

  apply(event: MirrorEvent): void {
    if (event.type !== 'image') return
    const { reference, state } = event
    if (state === 'delayed') this.#delayed.set(reference, event)
    else this.#delayed.delete(reference)
  }

  /** The current remarks. Starts a query of host states, for the next call. */
  get remarks(): Remark[] {
    void this.#look()
    return [...this.#paused, ...this.#retries()].map(remarkOf)
  }

  async #look(): Promise<void> {
    if (performance.now() - this.#lookedAt < lookEvery) return
    this.#lookedAt = performance.now()
    const states = await this.hosts.states()
    this.#paused = obstaclesOfHosts(states)
  }

  #retries(): Obstacle[] {
    const [first] = [...this.#delayed.values()].sort((a, b) => (a.until ?? 0) - (b.until ?? 0))
    if (first === undefined) return []
    const error = { code: codeOf(first.error), message: describeError(first.error) }
    return [{ kind: 'retries', images: this.#delayed.size, at: new Date(first.until ?? Date.now()), error }]
  }
}
