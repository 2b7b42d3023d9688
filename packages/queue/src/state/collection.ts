import type { CollectionOutcome, CollectionProgress, CollectionStatus } from '@dist/runs'
import * as z from 'zod'
import { reportedErrorSchema } from './pruned.js'

const amount = z.object({ objects: z.number(), bytes: z.number() })

/** The request of a collection of garbage. */
export const collectionRequest = z.object({
  grace: z.number().nonnegative(),
  dryRun: z.boolean().optional(),
  listed: z.boolean().optional(),
})

/** Of an event of the collection it takes what its progress is. */
export const collectionProgress: z.ZodType<CollectionProgress> = z.discriminatedUnion('type', [
  z.object({ type: z.literal('waiting'), processes: z.number() }),
  z.object({ type: z.literal('reading'), names: z.number() }),
  z.object({ type: z.literal('listing'), objects: z.number() }),
  z.object({ type: z.literal('deleted'), done: z.number(), total: z.number() }),
])

const outcome: z.ZodType<CollectionOutcome> = z.object({
  images: z.number(),
  deleted: amount,
  young: amount,
  needed: amount,
  abandoned: amount,
  unknown: z.array(z.object({ name: z.string().optional(), digest: z.string(), error: reportedErrorSchema })),
  unknownCount: z.number(),
})

/** The collection of garbage of a run, as its head has it; undefined for another kind of run. */
export function collectionOf(head: {
  readonly collection?: string | undefined
  readonly progress?: string | undefined
  readonly outcome?: string | undefined
}): CollectionStatus | undefined {
  if (head.collection === undefined) return undefined
  const { grace, dryRun = false } = collectionRequest.parse(JSON.parse(head.collection))
  return {
    grace,
    dryRun,
    progress: head.progress === undefined ? undefined : collectionProgress.parse(JSON.parse(head.progress)),
    outcome: head.outcome === undefined ? undefined : outcome.parse(JSON.parse(head.outcome)),
  }
}
