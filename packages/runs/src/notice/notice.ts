import { sharedCause } from '../cause.js'
import type { ImageReport, ReportedError } from '../runs.js'

/** When a target is told: after a run that has changed something, after one in which something failed, after each. */
export type Occasion = 'changed' | 'failed' | 'always'

/** What targets are told of one entry of a mirror file at the end of a run: the body of a delivery. */
export interface Notice {
  readonly version: 1
  /** The run of a queue. */
  readonly run?: string | undefined
  /** The name of the entry. */
  readonly entry: string
  /** `failed` if something failed, also if something else changed. */
  readonly result: 'changed' | 'unchanged' | 'failed'
  /** ISO 8601. */
  readonly endedAt: string
  /** `changed`: new images, and names whose digest has changed. */
  readonly counts: Readonly<Record<'upToDate' | 'changed' | 'pruned' | 'failed', number>>
  /** `to`: the name at a registry. `previous`: the digest before. */
  readonly changed: readonly Pick<ImageReport, 'reference' | 'to' | 'previous' | 'digest'>[]
  readonly pruned: readonly Pick<ImageReport, 'reference' | 'digest'>[]
  /** By cause; `first`: the first image of it. */
  readonly failures: readonly Failure[]
  /** How many are not listed, for the lists above. */
  readonly leftOut: Readonly<Record<'changed' | 'pruned' | 'failures', number>>
}

/** A notice of an entry that could not be delivered to a target. */
export interface Undelivered {
  readonly entry: string
  readonly target: string
  readonly error: ReportedError
}

interface Failure {
  readonly cause: string
  readonly code: string
  readonly first: string
  readonly count: number
}

/** Entries of a list. */
const listedAtMost = 100

/** The first entries of a list, and the number of the others. */
class Listed<T> {
  readonly items: T[] = []
  leftOut = 0

  add(item: T): void {
    if (this.items.length < listedAtMost) this.items.push(item)
    else this.leftOut++
  }

  get count(): number {
    return this.items.length + this.leftOut
  }
}

/** Makes the notice of an entry of the reports of its images, in bounded memory. */
export class NoticeDraft {
  readonly #changed = new Listed<Notice['changed'][number]>()
  readonly #pruned = new Listed<Notice['pruned'][number]>()
  readonly #causes = new Map<string, Failure>()
  #failuresLeftOut = 0
  #upToDate = 0
  #failed = 0

  constructor(private readonly entry: string) {}

  add(report: ImageReport): void {
    const { state, upToDate, reference, to, previous, digest } = report
    if (state === 'failed') this.#fail(report)
    if (state === 'pruned') this.#pruned.add({ reference, digest })
    if (state !== 'done') return
    if (upToDate) this.#upToDate++
    else this.#changed.add({ reference, to, previous, digest })
  }

  /** Whether something of these occasions has happened. */
  isDue(on: readonly Occasion[]): boolean {
    const hasChanged = this.#changed.count + this.#pruned.count > 0
    return (
      on.includes('always') ||
      (on.includes('changed') && hasChanged) ||
      (on.includes('failed') && this.#failed > 0)
    )
  }

  notice(endedAt: Date, run?: string): Notice {
    const [changed, pruned, failed] = [this.#changed.count, this.#pruned.count, this.#failed]
    return {
      version: 1,
      run,
      entry: this.entry,
      result: failed > 0 ? 'failed' : changed + pruned > 0 ? 'changed' : 'unchanged',
      endedAt: endedAt.toISOString(),
      counts: { upToDate: this.#upToDate, changed, pruned, failed },
      changed: this.#changed.items,
      pruned: this.#pruned.items,
      failures: [...this.#causes.values()],
      leftOut: {
        changed: this.#changed.leftOut,
        pruned: this.#pruned.leftOut,
        failures: this.#failuresLeftOut,
      },
    }
  }

  #fail(report: ImageReport): void {
    this.#failed++
    const cause = sharedCause(report)
    const known = this.#causes.get(cause)
    if (known !== undefined) this.#causes.set(cause, { ...known, count: known.count + 1 })
    else if (this.#causes.size < listedAtMost)
      this.#causes.set(cause, {
        cause,
        code: report.error?.code ?? 'INTERNAL',
        first: report.reference,
        count: 1,
      })
    else this.#failuresLeftOut++
  }
}
