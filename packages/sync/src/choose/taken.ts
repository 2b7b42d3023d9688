import type { TakenNames } from '@dist/content'
import { formatReference } from '@dist/reference'
import type { MirrorEntry, Notify, Prune } from '../mirror-file.js'
import type { Choice } from './images.js'

/** The rules of the entries that prune. */
export function pruneRulesOf(entries: readonly MirrorEntry[]): (Prune & { readonly entry: string })[] {
  return entries.flatMap(({ name, prune }) => (prune === undefined ? [] : [{ entry: name, ...prune }]))
}

/** Who is told of which entries. */
export function notifyRulesOf(entries: readonly MirrorEntry[]): (Notify & { readonly entry: string })[] {
  return entries.flatMap(({ name, notify }) => (notify === undefined ? [] : [{ entry: name, ...notify }]))
}

/**
 * What each entry takes into the store, whichever entry brings it there: of all entries if one of them prunes, else of those with
 * a schedule. Their runs are of one entry each, and the runs of others must not prune what they take.
 */
export function takenByEntries(
  entries: readonly MirrorEntry[],
  { taken, failures }: Pick<Choice, 'taken' | 'failures'>,
): TakenNames[] {
  const names = new Map<string, Set<string>>()
  const prunes = entries.some(({ prune }) => prune !== undefined)
  for (const { name, to, timing } of entries)
    if (to.includes('store') && (prunes || timing !== undefined)) names.set(name, new Set())
  for (const { entry, source, destinations } of taken)
    if (destinations.includes('store')) names.get(entry)?.add(formatReference(source))
  const failed = new Set(failures.map(({ entry }) => entry))
  return [...names].map(([entry, own]) => ({
    entry,
    names: [...own],
    hindrance: hindranceOf(failed.has(entry), own.size),
  }))
}

/** A registry in trouble may answer with empty lists. */
function hindranceOf(hasFailed: boolean, names: number): string | undefined {
  if (hasFailed) return 'not all of its images are known'
  return names === 0 ? 'it selects nothing' : undefined
}
