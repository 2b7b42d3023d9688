import { type Tally, Tallying, type Verdict } from '@dist/sync'
import type { Context } from '../context.js'
import { note, print, printJson } from '../output/print.js'
import { countsOf } from './counts.js'

interface TagsViewOptions {
  readonly json?: boolean | undefined
  readonly explain?: boolean | undefined
}

/** Prints verdicts as they come: the selected tags, or all with their stage; and the counts at the end. */
export class TagsView {
  readonly #tallying = new Tallying()
  readonly #invalid = new Set<string>()

  constructor(
    private readonly context: Context,
    private readonly options: TagsViewOptions,
  ) {}

  /** A name of the registry's list that no tag may have. */
  invalid(name: string): void {
    this.#invalid.add(name)
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

  /** `tally`: of all tags. Default: of those that were shown. */
  end(tally: Tally = this.#tallying.tally()): void {
    for (const line of countsOf(tally, this.#invalid)) note(this.context, line)
  }
}

function isValid(date: Date | undefined): date is Date {
  return date !== undefined && !Number.isNaN(date.getTime())
}
