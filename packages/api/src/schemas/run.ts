import { codes } from '@dist/errdefs'
import { failureStages } from '@dist/runs'
import * as z from 'zod'
import { count, time } from '../values.js'
import { amount, collectionSchema, reportedError } from './collection.js'

export const runKind = z.enum(['mirror', 'verify', 'repair', 'collect'])
export const runState = z.enum(['running', 'done', 'failed', 'canceled', 'lost'])
export const imageState = z.enum(['waiting', 'active', 'done', 'failed', 'canceled', 'pruned'])

const selection = z.union([z.literal('all'), z.array(z.string()).readonly()])

export const runSchema = z.object({
  id: z.string(),
  kind: runKind.describe(
    '`mirror`: images are fetched. `verify`: stored content is read and compared with its digests. `repair`: images that were unpublished because of bad content are fetched again. `collect`: content that no image needs is deleted.',
  ),
  state: runState.describe(
    'A run with failed images ends as `failed`. `lost`: Redis no longer has its references.',
  ),
  schedule: z
    .string()
    .optional()
    .describe('The schedule that started it. Absent: a person or a program did.'),
  createdAt: time,
  endedAt: time.optional(),
  elapsed: z.number().nonnegative().describe('Milliseconds of work so far.'),
  store: z
    .string()
    .describe('The id of the store. Empty while it is not known, and for a run to a registry.'),
  to: z.string().optional().describe('The registry that gets the images instead of the store.'),
  platforms: selection,
  error: reportedError.optional().describe('Why the run has failed before it had images.'),
  images: z.object({ total: count, done: count, failed: count, canceled: count, active: count }),
  blobs: z.object({ total: count, done: count, failed: count }).describe('Each digest once.'),
  bytes: z.object({ total: count, fetched: count }),
  pruned: z.object({ names: count, failed: count }),
  remarks: z.array(z.string()).readonly(),
  undelivered: z
    .array(z.object({ entry: z.string(), target: z.string(), error: reportedError }))
    .readonly()
    .describe('Notices of entries that could not be delivered to targets: at most 20.'),
  repair: z.string().optional().describe('The repair that this verification has begun.'),
  collection: collectionSchema.optional(),
})

export const imageSchema = z.object({
  index: count.describe('Its place in the run, from 0.'),
  reference: z.string(),
  to: z.string().optional().describe('Its name at the registry that gets it instead of the store.'),
  state: imageState,
  entry: z.string().optional().describe('The mirror of a mirror file that selected it.'),
  digest: z.string().optional(),
  previous: z.string().optional().describe('What had its name before, if it is another one.'),
  upToDate: z.boolean().optional().describe('Nothing had to be done.'),
  fetched: amount.optional(),
  shared: amount.optional().describe('What was present, or was fetched for another image.'),
  remarks: z.array(z.string()).readonly().optional(),
  error: reportedError.optional(),
  stage: z.enum(failureStages).optional().describe('Where it failed.'),
  failures: z
    .array(reportedError.extend({ digest: z.string() }))
    .readonly()
    .optional()
    .describe('The blobs that could not be fetched, or did not verify.'),
})

export const blobSchema = z.object({
  prefix: z.string().describe('The first 32 digits of its digest.'),
  digest: z.string().optional().describe('Known while it has a job, and where it has failed.'),
  state: z
    .enum(['waiting', 'active', 'fetched', 'present', 'failed'])
    .describe('`present`: it was there, or came for another image.'),
  size: count.describe('The bytes to fetch.'),
  fetched: count,
  tries: count.describe('Tries that have failed.'),
  worker: z.string().optional().describe('The service that has its job, by its id.'),
  nextTryAt: time.optional(),
  error: reportedError.optional().describe('Of its last try.'),
})

export const trySchema = z
  .object({
    at: time,
    digest: z.string().optional().describe('The blob. Absent: the image itself.'),
    service: z.string().optional().describe('The service that tried, by its id.'),
    error: reportedError,
  })
  .describe('A try that has failed.')

export const causeSchema = z.object({
  id: z.string().describe('The same in all runs.'),
  code: z.enum(codes),
  stage: z.enum(failureStages).optional(),
  host: z.string().optional().describe('The registry that failed; `store` for the store.'),
  message: z.string().describe('Without what differs between the images.'),
  images: count,
  example: z.string().describe('The reference of one of the images.'),
})

/** What images of several runs failed of. */
export const failureSchema = z.object({
  cause: causeSchema,
  images: count.describe('Of all these runs.'),
  run: z.string().describe('The newest run that has it.'),
})

export const sourcesText = z.strictObject({
  text: z
    .string()
    .max(8 * 2 ** 20)
    .describe('A mirror file, without variables, names of files and `registries`.'),
  language: z.enum(['yaml', 'json', 'toml']),
})

/** References of one request. */
const referencesAtMost = 1_000_000

export const submission = z.strictObject({
  kind: runKind.exclude(['collect']).optional().describe('Default: `mirror`.'),
  repairs: z
    .boolean()
    .optional()
    .describe('A verification unpublishes images with bad content at its end, and begins their repair.'),
  references: z
    .array(z.string().max(4096))
    .max(referencesAtMost)
    .optional()
    .describe(
      'As users write them. An invalid one fails its image, not the run. A verification without references verifies all images of the store.',
    ),
  sources: sourcesText.optional().describe('A mirror file, in place of references.'),
  platforms: z
    .union([z.literal('all'), z.array(z.string().max(100)).min(1).max(100)])
    .optional()
    .describe('Default: `all`.'),
  store: z.string().max(200).optional().describe('The id of the expected store.'),
  byHand: z.boolean().optional().describe('A person waits: the images go before those of other runs.'),
  to: z
    .string()
    .max(1024)
    .optional()
    .describe('A registry, or a path there, that gets the images instead of the store.'),
  referrers: z
    .union([
      z.boolean(),
      z.strictObject({ artifactTypes: z.array(z.string().max(255)).min(1).max(100).readonly() }),
    ])
    .optional()
    .describe(
      'Whether signatures, SBOMs and other referrers come with the images. Default: all come to a registry, none into a store.',
    ),
  force: z.boolean().optional().describe('Mirrors are pruned whatever their limits are.'),
})

export const retryRequest = z.strictObject({
  images: z.array(count).max(referencesAtMost).optional().describe('Indexes. Default: all.'),
  cause: z.string().max(40).optional().describe('Only images that failed for this cause.'),
})
