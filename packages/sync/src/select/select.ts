import { Newest } from './newest.js'
import type { Candidate, Stage, TagRules } from './rules.js'
import { stages } from './rules.js'
import { knownTime, momentOf } from './since.js'

/** What a selection says on a tag. */
export interface Verdict extends Candidate {
  /** The stage at which the tag fell out. Undefined for a selected tag. */
  readonly fellAt?: Stage | undefined
  /** Whether the tag passed `newer-than` only because its date is unknown. */
  readonly unknownDate?: true | undefined
}

export interface SelectOptions {
  /** The time from which ages are counted. */
  readonly now: Date
  /**
   * Finds the date of a tag that has none yet. It is asked only for tags that have passed all stages before `newer-than`,
   * and only when a stage uses dates. Default: such dates are unknown.
   */
  readonly findDate?: ((tag: string) => Promise<Date | undefined>) | undefined
  /** How many dates are asked for at the same time. Default: 16. */
  readonly ahead?: number | undefined
}

/**
 * Selects tags. Yields one verdict for each tag, as soon as it is certain. Selected tags come in the order of the listing; with
 * `newest` at the end, the newest first. Rejects as the stream and `findDate` do.
 */
export async function* selectTags(
  tags: AsyncIterable<Candidate>,
  rules: TagRules,
  options: SelectOptions,
): AsyncGenerator<Verdict, void, undefined> {
  const { newest: limit, newestBy } = rules.filter
  const dated = judgeDates(tags, rules, options)
  if (limit === undefined) return yield* dated
  const newest = new Newest<Verdict>(limit, newestBy)
  for await (const verdict of dated) {
    if (verdict.fellAt !== undefined) yield verdict
    else yield* newest.offer(verdict).map(tooOld)
  }
  const end = newest.end()
  yield* end.older.map(tooOld)
  yield* end.newest
}

function tooOld(verdict: Verdict): Verdict {
  return { ...verdict, fellAt: 'newest' }
}

/** The stages before `newest`. The order of the stream is kept. */
async function* judgeDates(
  tags: AsyncIterable<Candidate>,
  rules: TagRules,
  { now, findDate, ahead = 16 }: SelectOptions,
): AsyncGenerator<Verdict, void, undefined> {
  const after = rules.since === undefined ? undefined : momentOf(rules.since, now)
  const judge = async (candidate: Candidate) =>
    judgeDate({ ...candidate, created: candidate.created ?? (await findDate?.(candidate.tag)) }, after)
  const waiting: Promise<Verdict>[] = []
  try {
    for await (const candidate of tags) {
      const fellAt = rules.refuses(candidate.tag)
      if (fellAt !== undefined) yield { ...candidate, fellAt }
      else if (!rules.usesDates) yield candidate
      else {
        const verdict = judge(candidate)
        // It may reject before it is awaited. Without a handler, that would end the process.
        verdict.catch(() => undefined)
        waiting.push(verdict)
        if (waiting.length >= ahead) yield await (waiting.shift() as Promise<Verdict>)
      }
    }
    while (waiting.length > 0) yield await (waiting.shift() as Promise<Verdict>)
  } finally {
    await Promise.allSettled(waiting)
  }
}

function judgeDate(candidate: Candidate, after: number | undefined): Verdict {
  if (after === undefined) return candidate
  const time = knownTime(candidate.created)
  if (time === undefined) return { ...candidate, unknownDate: true }
  return time > after ? candidate : { ...candidate, fellAt: 'newer-than' }
}

/** How many tags a selection has seen, how many fell out at each stage, and how many it selected. */
export interface Tally {
  readonly listed: number
  readonly fell: Readonly<Record<Stage, number>>
  readonly selected: number
  /** Of the selected tags, those whose date is unknown. */
  readonly unknownDates: number
}

/** Counts verdicts. */
export class Tallying {
  readonly #fell = Object.fromEntries(stages.map((stage) => [stage, 0])) as Record<Stage, number>
  #selected = 0
  #unknownDates = 0

  add({ fellAt, unknownDate }: Verdict): void {
    if (fellAt !== undefined) {
      this.#fell[fellAt] += 1
      return
    }
    this.#selected += 1
    if (unknownDate) this.#unknownDates += 1
  }

  addAll({ fell, selected, unknownDates }: Tally): void {
    for (const stage of stages) this.#fell[stage] += fell[stage]
    this.#selected += selected
    this.#unknownDates += unknownDates
  }

  tally(): Tally {
    const fallen = Object.values(this.#fell).reduce((sum, count) => sum + count, 0)
    return {
      listed: fallen + this.#selected,
      fell: { ...this.#fell },
      selected: this.#selected,
      unknownDates: this.#unknownDates,
    }
  }
}
