import { beginPruning, type PruneParts } from '@dist/mirror'
import {
  type Choice,
  formatSource,
  type MirrorEntry,
  notifyRulesOf,
  pruneRulesOf,
  takenByEntries,
} from '@dist/sync'
import * as z from 'zod'
import type { Engine } from '../engine/engine.js'
import { reportedError } from '../jobs/failure.js'
import type { CoordinatorParts } from '../service.js'
import { reportedErrorSchema } from '../state/pruned.js'

const pruneRule = z.object({
  entry: z.string(),
  keep: z.number(),
  limit: z.union([z.object({ percent: z.number() }), z.object({ names: z.number() })]),
})

const notifyRule = z.object({
  entry: z.string(),
  targets: z.array(z.string()),
  on: z.array(z.enum(['changed', 'failed', 'always'])),
})

/** What a run does after its images have ended, as Redis keeps it since the listing. */
const closingSchema = z.object({
  rules: z.array(pruneRule),
  /** By the names of the entries. */
  sources: z.record(z.string(), z.string()),
  error: reportedErrorSchema.optional(),
  remarks: z.array(z.string()),
  notify: z.array(notifyRule).default([]),
})

export type Closing = z.output<typeof closingSchema>

/**
 * Notes what the entries take, and what the run is to do at its end: prune, and tell targets. May be repeated. Throws
 * `INVALID_ARGUMENT` for a target that is not configured.
 */
export async function prepareClosing(
  { redis, keys }: Pick<Engine, 'redis' | 'keys'>,
  run: string,
  { entries, choice }: { readonly entries: readonly MirrorEntry[]; readonly choice: Choice },
  { pruning, notifier }: Pick<CoordinatorParts, 'pruning' | 'notifier'>,
): Promise<void> {
  const notify = notifyRulesOf(entries)
  for (const rule of notify) notifier.check(rule)
  const pruned = await preparePruning(entries, choice, pruning)
  if (pruned === undefined && notify.length === 0) return
  const closing = { ...(pruned ?? { rules: [], sources: {}, remarks: [] }), notify }
  await redis.set(keys.closing(run), JSON.stringify(closing))
}

async function preparePruning(
  entries: readonly MirrorEntry[],
  choice: Choice,
  { ledgers }: Pick<PruneParts, 'ledgers'>,
) {
  const rules = pruneRulesOf(entries)
  const taken = takenByEntries(entries, choice)
  if (taken.length === 0) return undefined
  const work = await beginPruning(rules, taken, ledgers, Date.now())
  if (rules.length === 0) return undefined
  const pruning = entries.filter(({ prune }) => prune !== undefined)
  return {
    rules: work.rules,
    sources: Object.fromEntries(pruning.map(({ name, source }) => [name, formatSource(source)])),
    error: work.error && reportedError(work.error),
    remarks: work.remarks,
  }
}

/** What the run is to do at its end. Undefined: Redis has lost it. */
export async function readClosing(
  { redis, keys }: Pick<Engine, 'redis' | 'keys'>,
  run: string,
): Promise<Closing | undefined> {
  const text = await redis.get(keys.closing(run))
  return text === null ? undefined : closingSchema.parse(JSON.parse(text))
}
