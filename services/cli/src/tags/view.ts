import { sanitize } from '@dist/errdefs'
import { type Stage, Tallying, type Verdict } from '@dist/sync'
import type { Context } from '../context.js'
import { plural } from '../output/format.js'
import { note, print, printJson } from '../output/print.js'

interface TagsViewOptions {
  readonly json?: boolean | undefined
  readonly explain?: boolean | undefined
}

/** What the counts say of the tags that fell out at a stage. */
const fates: Readonly<Record<Stage, string>> = {
  name: 'of signatures',
  include: 'not included',
  exclude: 'excluded',
  semver: 'not in the range of versions',
  'newer-than': 'too old',
  newest: 'not among the newest',
}

/** Names that are no tags, as many as are printed. */
const invalidShown = 3

/** Prints verdicts as they come: the selected tags, or all with their stage; and the counts at the end. */
export class TagsView {
  readonly #tallying = new Tallying()
  readonly #invalid: string[] = []
  #invalidCount = 0

  constructor(
    private readonly context: Context,
    private readonly options: TagsViewOptions,
  ) {}

  /** A name of the registry's list that no tag may have. */
  invalid(name: string): void {
    this.#invalidCount++
    if (this.#invalid.length < invalidShown) this.#invalid.push(`"${sanitize(name, 40)}"`)
  }

  show(verdict: Verdict): void {
    this.#tallying.add(verdict)
    const { json = false, explain = false } = this.options
    const { tag, fellAt, created, unknownDate } = verdict
    if (fellAt !== undefined && !explain) return
    if (json)
      printJson(this.context, {
        tag,
        created: isValid(created) ? created.toISOString() : undefined,
        unknownDate,
        ...(explain ? { state: fellAt === undefined ? 'selected' : 'dropped', stage: fellAt } : {}),
      })
    else print(this.context, explain ? `${tag}\t${fellAt ?? 'selected'}` : tag)
  }

  end(): void {
    const { listed, fell, selected, unknownDates } = this.#tallying.tally()
    const fallen = (Object.entries(fates) as [Stage, string][])
      .filter(([stage]) => fell[stage] > 0)
      .map(([stage, fate]) => `${fell[stage]} ${fate}`)
    note(this.context, `${plural(listed, 'tag')}: ${[...fallen, `${selected} selected`].join(', ')}`)
    if (unknownDates > 0)
      note(
        this.context,
        `${plural(unknownDates, 'selected tag')}: the date is unknown, so newer-than keeps them`,
      )
    if (this.#invalidCount === 0) return
    const more = this.#invalidCount > this.#invalid.length ? ', ...' : ''
    note(
      this.context,
      `${plural(this.#invalidCount, 'name')} in the list of the registry skipped, no tags: ${this.#invalid.join(', ')}${more}`,
    )
  }
}

function isValid(date: Date | undefined): date is Date {
  return date !== undefined && !Number.isNaN(date.getTime())
}
