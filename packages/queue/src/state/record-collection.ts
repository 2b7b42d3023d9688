import type { CollectionOutcome, CollectionProgress, ReportedError } from '@dist/runs'
import { collectionProgress } from './collection.js'
import { jsonLists } from './json-lists.js'
import * as scripts from './scripts/index.js'
import type { RunStates } from './states.js'

interface EndedCollection {
  readonly outcome: CollectionOutcome
  /** Sentences for the user. */
  readonly remarks: readonly string[]
  readonly error?: ReportedError | undefined
}

/** Seconds for which it is kept what a collection has deleted. */
const deletedKept = 86_400

/** Records how far a collection of garbage is, and what it has deleted since the last record. */
export async function recordCollection(
  { redis, keys }: RunStates,
  run: string,
  progress: CollectionProgress,
  deleted: readonly (readonly [digest: string, size: number])[],
): Promise<void> {
  const own = { run: keys.run(run), deleted: keys.deleted(run) }
  const args = { progress: JSON.stringify(collectionProgress.parse(progress)), kept: deletedKept }
  await scripts.recordCollection(redis, own, args, { args: jsonLists(deleted) })
}

/** Ends the run of a collection of garbage; with an error it has failed. */
export async function endCollection(
  { redis, keys }: RunStates,
  run: string,
  { outcome, remarks, error }: EndedCollection,
): Promise<void> {
  const own = { run: keys.run(run), watched: keys.watched, ending: keys.ending(run) }
  await scripts.endCollection(redis, own, {
    id: run,
    now: Date.now(),
    outcome: JSON.stringify(outcome),
    remarks: JSON.stringify(remarks),
    error: error === undefined ? '' : JSON.stringify(error),
  })
}
