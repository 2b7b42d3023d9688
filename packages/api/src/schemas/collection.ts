import { codes } from '@dist/errdefs'
import * as z from 'zod'
import { count } from '../values.js'

export const reportedError = z.object({
  code: z.enum(codes).describe('Stable between versions.'),
  message: z.string(),
})

export const amount = z.object({ objects: count, bytes: count })

const progress = z.discriminatedUnion('type', [
  z.object({ type: z.literal('waiting'), processes: count }),
  z.object({ type: z.literal('reading'), names: count }),
  z.object({ type: z.literal('listing'), objects: count }),
  z.object({ type: z.literal('deleted'), done: count, total: count }),
])

const outcome = z.object({
  images: count,
  deleted: amount.describe('In a dry run: what would be deleted.'),
  young: amount.describe('What no image needs, and is kept.'),
  needed: amount,
  abandoned: amount.describe('Abandoned writes that were discarded.'),
  unknown: z
    .array(z.object({ name: z.string().optional(), digest: z.string(), error: reportedError }))
    .readonly()
    .describe('Manifests that cannot be read, so that no content was deleted: the first ten.'),
  unknownCount: count,
})

export const collectionSchema = z
  .object({
    grace: z.number().nonnegative().describe('Milliseconds: younger content is kept.'),
    dryRun: z.boolean(),
    progress: progress.optional().describe('What it does.'),
    outcome: outcome.optional().describe('At its end.'),
  })
  .describe('Of a run of the kind `collect`, which has no images.')

const longestGrace = 10 * 365 * 86_400_000

export const collectionRequest = z.strictObject({
  grace: z.number().nonnegative().max(longestGrace).describe('Milliseconds: younger content is kept.'),
  dryRun: z.boolean().optional().describe('Nothing is deleted. Default: false.'),
  listed: z.boolean().optional().describe('What is deleted can be listed for a day. Default: false.'),
  store: z.string().max(200).optional().describe('The id of the expected store.'),
})

export const deletedSchema = z.object({ digest: z.string(), size: count })
