import { DistError, linkSignals } from '@dist/errdefs'
import { type PruneParts, pruneEntries } from '@dist/mirror'
import { Notices } from '@dist/runs'
import { clientParts } from '../client/client.js'
import { reportImages } from '../client/report.js'
import type { Engine } from '../engine/engine.js'
import { reportedError } from '../jobs/failure.js'
import { noticeId } from '../jobs/ids.js'
import { addNoticeJobs } from '../jobs/queues.js'
import type { CoordinatorParts } from '../service.js'
import type { RunHead } from '../state/head.js'
import type { PrunedRecord } from '../state/pruned.js'
import { type Closing, readClosing } from './closing.js'
import { collect } from './collect.js'
import { beginRepair } from './repair.js'

/**
 * Does what is left of a run whose images have ended, and records it. After a crash another coordinator does the rest. A run
 * that is canceled meanwhile stops.
 */
export async function closeRun(
  engine: Engine,
  run: string,
  head: RunHead,
  parts: Pick<CoordinatorParts, 'pruning' | 'upkeep'>,
  signal: AbortSignal,
): Promise<void> {
  using canceled = engine.cancellations.watch(run)
  using either = linkSignals(signal, canceled.signal)
  try {
    if (head.kind === 'collect') await collect(engine, run, head, parts, either.signal)
    else if (head.repairs) await beginRepair(engine, run, head, parts, either.signal)
    else await closeMirror(engine, run, head, parts, either.signal)
  } catch (thrown) {
    if (!canceled.signal.aborted) throw thrown
  }
}

/** Prunes, and has targets told. */
async function closeMirror(
  engine: Engine,
  run: string,
  head: RunHead,
  { pruning }: Pick<CoordinatorParts, 'pruning'>,
  signal: AbortSignal,
): Promise<void> {
  const { states, queues } = engine
  const closing = await readClosing(engine, run)
  // If Redis has lost it, nothing is pruned, and no notice is sent.
  if (closing !== undefined) {
    await prune(engine, run, head, closing, pruning, signal)
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
  for await (const report of reportImages(clientParts(engine), run, head)) notices.add(report)
  return notices
    .outgoing(new Date(), run)
    .map(({ entry, target, body }) => ({ run, id: noticeId(run, entry, target), entry, target, body }))
}
