import type { RunHead } from './head.js'
import type { RunStates } from './states.js'

interface ReadHead {
  readonly at: number
  readonly head: Promise<RunHead | undefined>
}

/** Runs whose head is remembered. */
const maxRemembered = 1_000

/**
 * The heads of runs for jobs that begin. Jobs of a running run share one reading for `maxAge` milliseconds; a
 * cancellation within that time aborts them as it aborts jobs that had begun before it. Any other state is read anew:
 * a retry may have resumed the run.
 */
export class RecentHeads {
  readonly #read = new Map<string, ReadHead>()

  constructor(
    private readonly states: Pick<RunStates, 'head'>,
    private readonly maxAge: number,
  ) {}

  async head(run: string): Promise<RunHead | undefined> {
    const known = this.#read.get(run)
    if (known !== undefined && performance.now() - known.at < this.maxAge) {
      const head = await known.head.catch(() => undefined)
      if (head?.state === 'running') return head
    }
    return this.#readAnew(run)
  }

  #readAnew(run: string): Promise<RunHead | undefined> {
    if (this.#read.size >= maxRemembered) this.#read.clear()
    const read = { at: performance.now(), head: this.states.head(run) }
    this.#read.set(run, read)
    return read.head
  }
}
