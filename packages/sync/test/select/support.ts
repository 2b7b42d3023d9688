import type { TagFilter } from '../../src/select/filter.js'
import { type Candidate, compileFilter } from '../../src/select/rules.js'
import { type SelectOptions, selectTags, type Verdict } from '../../src/select/select.js'

export const now = new Date('2026-06-01T00:00:00Z')

async function* listing(tags: readonly (string | Candidate)[]): AsyncGenerator<Candidate> {
  for (const tag of tags) yield typeof tag === 'string' ? { tag } : tag
}

/** The verdicts of a selection. */
export async function verdicts(
  tags: readonly (string | Candidate)[],
  filter: TagFilter,
  options: Partial<SelectOptions> = {},
): Promise<Verdict[]> {
  const found: Verdict[] = []
  for await (const verdict of selectTags(listing(tags), compileFilter(filter), { now, ...options }))
    found.push(verdict)
  return found
}

/** The selected tags. */
export async function selected(
  tags: readonly (string | Candidate)[],
  filter: TagFilter,
  options: Partial<SelectOptions> = {},
): Promise<string[]> {
  return (await verdicts(tags, filter, options))
    .filter(({ fellAt }) => fellAt === undefined)
    .map(({ tag }) => tag)
}
