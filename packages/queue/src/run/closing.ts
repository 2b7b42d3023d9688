import { DistError, linkSignals } from '@dist/errdefs'
import { beginPruning, type PruneParts, pruneEntries } from '@dist/mirror'
import { Notices } from '@dist/runs'
import {
  type Choice,
  formatSource,
  type MirrorEntry,
  notifyRulesOf,
  pruneRulesOf,
  takenByEntries,
} from '@dist/sync'
import * as z from 'zod'
import { reportImages } from '../client/report.js'
import type { Engine } from '../engine/engine.js'
import { reportedError } from '../jobs/failure.js'
import { noticeId } from '../jobs/ids.js'
import { addNoticeJobs } from '../jobs/queues.js'
import type { CoordinatorParts } from '../service.js'
import type { RunHead } from '../state/head.js'
import { type PrunedRecord, reportedErrorSchema } from '../state/pruned.js'

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

type Closing = z.output<typeof closingSchema>

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

/**
 * Does what is left of a run whose images have ended, and records it. After a crash another coordinator does the rest. A run
 * that is canceled meanwhile stops.
 */
export async function closeRun(
  engine: Engine,
  run: string,
  head: RunHead,
  { pruning }: Pick<CoordinatorParts, 'pruning'>,
  signal: AbortSignal,
): Promise<void> {
  const { states, redis, keys, queues } = engine
  const text = await redis.get(keys.closing(run))
  // Redis has lost it: nothing is pruned, and no notice is sent.
  const closing = text === null ? undefined : closingSchema.parse(JSON.parse(text))
  if (closing !== undefined) {
    using canceled = engine.cancellations.watch(run)
    using either = linkSignals(signal, canceled.signal)
    try {
      await prune(engine, run, head, closing, pruning, either.signal)
    } catch (thrown) {
      if (canceled.signal.aborted) return
      throw thrown
    }
    await addNoticeJobs(queues, await noticesOf(engine, run, head, closing))
  }
  await states.endClosing(run, closing?.remarks ?? [])
}

/** Prunes, and records what was removed, also before a failure. */
async function prune(
  { states, emit }: Engine,
  run: string,
  { force }: Pick<RunHead, 'force'>,
  { rules, sources, error: known }: Closing,
  pruning: PruneParts,
  signal: AbortSignal,
): Promise<void> {
  const records: PrunedRecord[] = []
  const work = { rules, error: known && new DistError(known.code, known.message) }
  try {
    for await (const { entry, image, error } of pruneEntries(work, pruning, {
      now: Date.now(),
      force,
      signal,
    })) {
      if (image === undefined)
        records.push({ entry, name: sources[entry] ?? entry, error: reportedError(error) })
      else {
        records.push({ entry, name: image.name, digest: image.desc.digest })
        emit({ type: 'name', run, state: 'pruned', subject: image.name })
      }
    }
  } finally {
    await states.recordPruned(run, records)
  }
}

async function noticesOf(engine: Engine, run: string, head: RunHead, { notify }: Closing) {
  if (notify.length === 0) return []
  const notices = new Notices(notify)
  const source = { ...engine, ask: <T>(answer: Promise<T>) => answer }
  for await (const report of reportImages(source, run, head)) notices.add(report)
  return notices
    .outgoing(new Date(), run)
    .map(({ entry, target, body }) => ({ run, id: noticeId(run, entry, target), entry, target, body }))
}
