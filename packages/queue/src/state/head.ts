import type { Selection } from '@dist/content'
import { DistError } from '@dist/errdefs'
import type { ReferrersRequest } from '@dist/mirror'
import type { ReportedError, RunState, RunStatus, Undelivered } from '@dist/runs'
import * as z from 'zod'
import { collectionOf } from './collection.js'

/** References of one chunk: they are read and expanded together. */
export const chunkSize = 500

const number = z.coerce.number().int().nonnegative()

const runHead = z.object({
  kind: z.enum(['mirror', 'verify', 'repair', 'collect']).default('mirror'),
  state: z.enum(['running', 'done', 'failed', 'canceled']),
  store: z.string(),
  to: z.string().optional(),
  /** The name of the schedule that started it. */
  schedule: z.string().optional(),
  platforms: z.string(),
  /** JSON: which referrers come with the images of a run of references, if not the usual ones. */
  referrers: z.string().optional(),
  /** Submitted for a person who waits: its images go before those of other runs. */
  byHand: z
    .literal('1')
    .optional()
    .transform((value) => value !== undefined),
  /** The run of a mirror file. */
  sources: z
    .literal('1')
    .optional()
    .transform((value) => value !== undefined),
  /** The limits of pruning do not hold. */
  force: z
    .literal('1')
    .optional()
    .transform((value) => value !== undefined),
  /** A verification that repairs what is bad. */
  repairs: z
    .literal('1')
    .optional()
    .transform((value) => value !== undefined),
  /** The run that repairs what it has found. */
  repair: z.string().optional(),
  /** What is left to do after the images have ended. */
  closing: z.enum(['wanted', 'done']).optional(),
  /** JSON: the request of a collection of garbage, how far it is, and its outcome. */
  collection: z.string().optional(),
  progress: z.string().optional(),
  outcome: z.string().optional(),
  /** JSON: what could not be delivered to targets. */
  undelivered: z.string().optional(),
  /** JSON: sentences on what was not pruned, or could not be found. */
  remarks: z.string().optional(),
  /** Of a run of all names or of a mirror file: `wanted`, then the id of the lister, then `done`. */
  listing: z.string().optional(),
  /** JSON: why they could not be listed. */
  error: z.string().optional(),
  total: number,
  chunks: number,
  /** The first chunk whose images have no jobs yet. */
  expanded: number,
  /** The round of the run job that counts; others end. */
  round: number,
  createdAt: number,
  endedAt: number.optional(),
  /** When a retry last resumed it, and the milliseconds that it was worked on before. */
  resumedAt: number.optional(),
  worked: number.default(0),
  'images:done': number.default(0),
  'images:failed': number.default(0),
  'images:active': number.default(0),
  'images:canceled': number.default(0),
  'blobs:total': number.default(0),
  'blobs:done': number.default(0),
  'blobs:failed': number.default(0),
  'bytes:total': number.default(0),
  'bytes:fetched': number.default(0),
  /** Names that were removed, and entries that failed to remove theirs. */
  pruned: number.default(0),
  'pruned:failed': number.default(0),
})

/** The request of a run, its state and its counters. */
export type RunHead = z.infer<typeof runHead>

/** Reads a run's hash; undefined for an empty one. `INTERNAL` for one that no version of dist wrote. */
export function readHead(fields: Record<string, string>, run: string): RunHead | undefined {
  if (Object.keys(fields).length === 0) return undefined
  const parsed = runHead.safeParse(fields)
  if (parsed.success) return parsed.data
  throw new DistError('INTERNAL', `run ${run}: its head in Redis is not valid`, { cause: parsed.error })
}

export function platformsOf(head: Pick<RunHead, 'platforms'>): Selection {
  return head.platforms === 'all' ? 'all' : head.platforms.split(',')
}

const referrersOfHead = z.union([z.boolean(), z.strictObject({ artifactTypes: z.array(z.string()) })])

/** Which referrers come with the images of a run of references: without a wish all come to a registry, none into a store. */
export function referrersOf({ referrers, to }: Pick<RunHead, 'referrers' | 'to'>): ReferrersRequest {
  return referrers === undefined ? to !== undefined : referrersOfHead.parse(JSON.parse(referrers))
}

/** Never negative: the clocks of the processes that write these times may differ. */
function elapsedOf({ worked, resumedAt, createdAt, endedAt = Date.now() }: RunHead): number {
  return worked + Math.max(0, endedAt - (resumedAt ?? createdAt))
}

export function statusOf(run: string, head: RunHead, lost: boolean): RunStatus {
  const canceled = head.state === 'canceled'
  const state: RunState = lost && head.state === 'running' ? 'lost' : head.state
  return {
    id: run,
    kind: head.kind,
    schedule: head.schedule,
    state,
    createdAt: new Date(head.createdAt),
    endedAt: head.endedAt === undefined ? undefined : new Date(head.endedAt),
    elapsed: elapsedOf(head),
    store: head.store,
    to: head.to,
    platforms: platformsOf(head),
    error: head.error === undefined ? undefined : (JSON.parse(head.error) as ReportedError),
    images: {
      total: head.total,
      done: head['images:done'],
      failed: head['images:failed'],
      canceled: canceled ? head.total - head['images:done'] - head['images:failed'] : 0,
      active: canceled ? 0 : head['images:active'],
    },
    blobs: { total: head['blobs:total'], done: head['blobs:done'], failed: head['blobs:failed'] },
    bytes: { total: head['bytes:total'], fetched: head['bytes:fetched'] },
    pruned: { names: head.pruned, failed: head['pruned:failed'] },
    remarks: head.remarks === undefined ? [] : (JSON.parse(head.remarks) as string[]),
    undelivered: head.undelivered === undefined ? [] : (JSON.parse(head.undelivered) as Undelivered[]),
    repair: head.repair,
    collection: collectionOf(head),
  }
}
