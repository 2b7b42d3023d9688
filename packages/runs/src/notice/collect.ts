import type { ImageReport } from '../runs.js'
import { NoticeDraft, type Occasion } from './notice.js'

/** Who is told of an entry, and when. */
export interface NotifyRule {
  readonly entry: string
  /** Names of targets. */
  readonly targets: readonly string[]
  readonly on: readonly Occasion[]
}

/** A body on its way to a target. */
export interface Outgoing {
  readonly entry: string
  readonly target: string
  readonly body: string
}

/** Makes what targets are told of the reports of a run. */
export class Notices {
  readonly #drafts: ReadonlyMap<string, NoticeDraft>

  constructor(private readonly rules: readonly NotifyRule[]) {
    this.#drafts = new Map(rules.map(({ entry }) => [entry, new NoticeDraft(entry)]))
  }

  add(report: ImageReport): void {
    if (report.entry !== undefined) this.#drafts.get(report.entry)?.add(report)
  }

  /** One for each entry and target that is to be told. `run`: of a queue. */
  outgoing(endedAt: Date, run?: string): Outgoing[] {
    return this.rules.flatMap(({ entry, targets, on }) => {
      const draft = this.#drafts.get(entry)
      if (draft === undefined || !draft.isDue(on)) return []
      const body = JSON.stringify(draft.notice(endedAt, run))
      return [...new Set(targets)].map((target) => ({ entry, target, body }))
    })
  }
}
