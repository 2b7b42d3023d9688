import type { Ledgers, TakenNames } from '@dist/content'
import { DistError, sanitize } from '@dist/errdefs'
import { noteTaken } from './note.js'
import type { PruneRule } from './plan.js'

/** What is to be pruned after the images of a run have ended. */
export interface PruneWork {
  /** The rules of the entries whose names are all known. */
  readonly rules: readonly PruneRule[]
  /** Why none of them can be followed: the ledgers are not up to date. */
  readonly error?: DistError | undefined
  /** Sentences for the user on entries that are not pruned, or not yet. */
  readonly remarks: readonly string[]
}

/**
 * Notes in the ledgers what entries take, before it is published: so a crash never leaves a published name that no ledger has.
 * `taken` has the entries of all rules, and all others whose names must stay. `now`: milliseconds since the epoch.
 */
export async function beginPruning(
  rules: readonly PruneRule[],
  taken: readonly TakenNames[],
  ledgers: Ledgers,
  now: number,
): Promise<PruneWork> {
  const hindrances = new Map(taken.map(({ entry, hindrance }) => [entry, hindrance]))
  const { fresh, error } = await noted(taken, ledgers, now)
  const remarks: string[] = []
  for (const { entry } of rules) {
    const hindrance = hindrances.get(entry)
    if (hindrance !== undefined) remarks.push(`${sanitize(entry, 200)}: nothing is pruned: ${hindrance}`)
    else if (fresh.has(entry)) remarks.push(`${sanitize(entry, 200)}: ${freshRemark}`)
  }
  return { rules: rules.filter(({ entry }) => hindrances.get(entry) === undefined), error, remarks }
}

/** The entry may have had another name. */
const freshRemark =
  'the store keeps from now on what this mirror publishes; names that it has published before, or under another name of the mirror, are not pruned'

async function noted(taken: readonly TakenNames[], ledgers: Ledgers, now: number) {
  try {
    return { fresh: await noteTaken(taken, ledgers, now), error: undefined }
  } catch (error) {
    if (!(error instanceof DistError)) throw error
    return { fresh: new Set<string>(), error }
  }
}
