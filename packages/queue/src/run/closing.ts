import { DistError, linkSignals } from '@dist/errdefs'
import { beginPruning, type PruneParts, pruneEntries } from '@dist/mirror'
import { type Choice, formatSource, type MirrorEntry, pruneRulesOf, takenByEntries } from '@dist/sync'
import * as z from 'zod'
import type { Engine } from '../engine/engine.js'
import { reportedError } from '../jobs/failure.js'
import type { RunHead } from '../state/head.js'
import { type PrunedRecord, reportedErrorSchema } from '../state/pruned.js'

const rule = z.object({
  entry: z.string(),
  keep: z.number(),
  limit: z.union([z.object({ percent: z.number() }), z.object({ names: z.number() })]),
})

/** What a run does after its images have ended, as Redis keeps it since the listing. */
const closingSchema = z.object({
  rules: z.array(rule),
  /** By the names of the entries. */
  sources: z.record(z.string(), z.string()),
  error: reportedErrorSchema.optional(),
  remarks: z.array(z.string()),
})

/** Notes what the entries take, and that the run is to prune, if one of them does. May be repeated. */
export async function prepareClosing(
  { redis, keys }: Pick<Engine, 'redis' | 'keys'>,
  run: string,
  { entries, choice }: { readonly entries: readonly MirrorEntry[]; readonly choice: Choice },
  { ledgers }: Pick<PruneParts, 'ledgers'>,
): Promise<void> {
  const rules = pruneRulesOf(entries)
  const taken = takenByEntries(entries, choice)
  if (taken.length === 0) return
  const work = await beginPruning(rules, taken, ledgers, Date.now())
  if (rules.length === 0) return
  const sources = Object.fromEntries(
    entries.flatMap(({ name, source, prune }) =>
      prune === undefined ? [] : [[name, formatSource(source)] as const],
    ),
  )
  const { error, remarks } = work
  const closing: z.input<typeof closingSchema> = {
    rules: work.rules.map(({ entry, keep, limit }) => ({ entry, keep, limit })),
    sources,
    error: error && reportedError(error),
    remarks: [...remarks],
  }
  await redis.set(keys.closing(run), JSON.stringify(closing))
}

/**
 * Prunes for a run whose images have ended, and records what was removed. After a crash another coordinator removes the rest. A
 * run that is canceled meanwhile stops.
 */
export async function closeRun(
  engine: Engine,
  run: string,
  { force }: Pick<RunHead, 'force'>,
  pruning: PruneParts,
  signal: AbortSignal,
): Promise<void> {
  const { states, redis, keys } = engine
  const text = await redis.get(keys.closing(run))
  // Redis has lost it: nothing is pruned.
  if (text === null) return await states.recordPruned(run, [], { isWhole: true, remarks: [] })
  const { rules, sources, error, remarks } = closingSchema.parse(JSON.parse(text))
  const records: PrunedRecord[] = []
  using canceled = engine.cancellations.watch(run)
  using either = linkSignals(signal, canceled.signal)
  const work = { rules, error: error && new DistError(error.code, error.message) }
  const options = { now: Date.now(), force, signal: either.signal }
  try {
    for await (const { entry, image, error } of pruneEntries(work, pruning, options)) {
      if (image === undefined)
        records.push({ entry, name: sources[entry] ?? entry, error: reportedError(error) })
      else records.push({ entry, name: image.name, digest: image.desc.digest })
      if (image !== undefined) engine.emit({ type: 'name', run, state: 'pruned', subject: image.name })
    }
  } catch (thrown) {
    await states.recordPruned(run, records, { isWhole: false, remarks })
    if (canceled.signal.aborted) return
    throw thrown
  }
  await states.recordPruned(run, records, { isWhole: true, remarks })
}
