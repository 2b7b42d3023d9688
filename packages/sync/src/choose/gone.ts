import { formatLocator, formatReference, type Reference } from '@dist/reference'
import type { MirrorEntry } from '../mirror-file.js'
import { compileEntry, type EntryRules } from '../place/compile.js'
import { formatSource } from '../place/source.js'
import type { Choice } from './images.js'

/**
 * The stored images that entries would select, and that their registries no longer list. Images of a repository that could not be
 * listed are not among them, and neither are those that an entry names one by one.
 */
export async function* goneOf(
  entries: readonly MirrorEntry[],
  { requests, failures, passedOver }: Choice,
  stored: AsyncIterable<Reference>,
): AsyncGenerator<{ readonly entry: string; readonly image: Reference }> {
  const rules = entries.filter(({ to }) => to.includes('store')).map(compileEntry)
  const unlisted = new Set(failures.map(({ source }) => source))
  const known = new Set(passedOver)
  for (const { source } of requests) known.add(formatReference(source))
  for await (const image of stored) {
    const owner = rules.find((each) => isListedBy(each, image, unlisted))
    if (owner !== undefined && !known.has(formatReference(image))) yield { entry: owner.entry.name, image }
  }
}

/** Whether the entry has listed the repository of an image, and takes its tag if it is there. */
function isListedBy(
  { entry: { source }, namedTags, takesRepository, tags }: EntryRules,
  { digest, tag, ...locator }: Reference,
  unlisted: ReadonlySet<string>,
): boolean {
  if (tag === undefined || digest !== undefined || source.kind === 'image') return false
  const host = source.kind === 'pattern' ? source.host : source.locator.host
  if (host !== locator.host || !takesRepository(locator.repository)) return false
  if (source.kind === 'repository' && namedTags !== undefined) return false
  if (unlisted.has(formatSource(source)) || unlisted.has(formatLocator(locator))) return false
  return tags.refuses(tag) === undefined
}
