import { CreationDates } from '@dist/mirror'
import type { Locator } from '@dist/reference'
import type { Registry } from '@dist/registry-client'
import type { Discovery } from '@dist/remotes'
import { type Candidate, selectTags, type TagRules, type Verdict } from '@dist/sync'

interface Selection {
  readonly locator: Locator
  readonly rules: TagRules
  readonly discovery: Discovery | undefined
  readonly signal: AbortSignal
}

/**
 * Selects from the tags of a repository. Dates come from the registry's own API where it has one, else from the configs
 * of the images.
 */
export function selectFrom(
  registry: Registry,
  { locator, rules, discovery, signal }: Selection,
  onInvalid: (name: string) => void,
): AsyncIterable<Verdict> {
  const options = { signal, onInvalid }
  const dated = rules.usesDates ? registry.datedTags(locator, { ...options, discovery }) : undefined
  if (dated !== undefined) return selectTags(withDates(dated), rules, { now: new Date() })
  const dates = new CreationDates(registry)
  const findDate = (tag: string) => dates.find({ ...locator, tag }, signal)
  const tags = registry.repository(locator).tags(options)
  return selectTags(withoutDates(tags), rules, { now: new Date(), findDate })
}

async function* withDates(
  tags: AsyncIterable<{ readonly tag: string; readonly pushed?: number | undefined }>,
): AsyncGenerator<Candidate, void> {
  for await (const { tag, pushed } of tags)
    yield pushed === undefined ? { tag } : { tag, created: new Date(pushed) }
}

async function* withoutDates(tags: AsyncIterable<string>): AsyncGenerator<Candidate, void> {
  for await (const tag of tags) yield { tag }
}
