import type { Ledgers, Names } from '@dist/content'
import { beginPruning, type Pruned, pruneEntries, unwrittenLedgers } from '@dist/mirror'
import type { ImageReport } from '@dist/runs'
import { type Choice, formatSource, type MirrorEntry, pruneRulesOf, takenByEntries } from '@dist/sync'
import type { Context } from '../context.js'
import { note } from '../output/print.js'
import { reportedError } from './outcomes.js'

export interface PruningParts {
  readonly entries: readonly MirrorEntry[]
  readonly choice: Choice
  readonly names: Names
  readonly ledgers: Ledgers
  /** Nothing is removed or written. */
  readonly dryRun: boolean
  /** Limits do not hold. */
  readonly force: boolean
}

/**
 * Removes what entries no longer select. Reports the names, and a failure for each entry that fails. `from`: the index of the
 * first report.
 */
export type Pruning = (from: number) => AsyncGenerator<ImageReport, void>

/** Notes what the entries take, if another run may prune it, or this one. What it resolves to is called after the images have ended. */
export async function openPruning(context: Context, parts: PruningParts): Promise<Pruning | undefined> {
  const { entries, choice, names, dryRun, force } = parts
  const rules = pruneRulesOf(entries)
  const taken = takenByEntries(entries, choice)
  if (taken.length === 0) return undefined
  const ledgers = dryRun ? unwrittenLedgers(parts.ledgers) : parts.ledgers
  const now = Date.now()
  const work = await beginPruning(rules, taken, ledgers, now)
  for (const remark of work.remarks) note(context, remark)
  const sources = new Map(entries.map(({ name, source }) => [name, formatSource(source)]))
  return async function* (from) {
    let index = from
    const pruned = pruneEntries(work, { ledgers, names }, { now, force, dryRun, signal: context.signal })
    for await (const each of pruned) yield reportOf(each, index++, sources.get(each.entry) ?? '')
  }
}

function reportOf({ entry, image, error }: Pruned, index: number, source: string): ImageReport {
  if (image !== undefined)
    return { index, entry, reference: image.name, state: 'pruned', digest: image.desc.digest }
  return { index, entry, reference: source, state: 'failed', error: reportedError(error), stage: 'pruning' }
}
