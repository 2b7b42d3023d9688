import type { Locator } from '@dist/reference'
import type { DatedTag, Discovery, ListOptions, RegistryLists, Repository } from '@dist/remotes'
import type { Candidate, TagRules } from '../select/rules.js'
import { selectTags, type Verdict } from '../select/select.js'

/** The lists of registries that a selection reads. */
export interface Lists extends RegistryLists {
  repository(locator: Locator): Pick<Repository, 'tags'>
}

export interface TagSelection extends ListOptions {
  readonly locator: Locator
  readonly rules: TagRules
  /** Tags that are selected from, in place of the list of the registry. */
  readonly named?: readonly string[] | undefined
  readonly discovery?: Discovery | undefined
  /** Finds the date of a tag where the registry lists none. As in `SelectOptions`. */
  readonly findDate: (tag: string) => Promise<Date | undefined>
  readonly now: Date
}

/**
 * Selects from the tags of a repository. Dates come from the registry's own API where it has one, else from `findDate`. Yields
 * as `selectTags`; iterating throws as the lists of the registry, and as `findDate`.
 */
export function selectFrom(
  lists: Lists,
  { locator, rules, named, discovery, findDate, now, ...options }: TagSelection,
): AsyncIterable<Verdict> {
  if (named !== undefined) return selectTags(candidates(new Set(named)), rules, { now, findDate })
  const dated = rules.usesDates ? lists.datedTags(locator, { ...options, discovery }) : undefined
  if (dated !== undefined) return selectTags(datedCandidates(dated), rules, { now })
  return selectTags(candidates(lists.repository(locator).tags(options)), rules, { now, findDate })
}

async function* datedCandidates(tags: AsyncIterable<DatedTag>): AsyncGenerator<Candidate, void> {
  for await (const { tag, pushed } of tags)
    yield pushed === undefined ? { tag } : { tag, created: new Date(pushed) }
}

async function* candidates(tags: Iterable<string> | AsyncIterable<string>): AsyncGenerator<Candidate, void> {
  for await (const tag of tags) yield { tag }
}
