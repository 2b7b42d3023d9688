import * as z from 'zod'
import { defineRoute } from '../route.js'
import { collectionRequest, deletedSchema } from '../schemas/collection.js'
import { obstacleSchema } from '../schemas/obstacle.js'
import {
  blobSchema,
  causeSchema,
  failureSchema,
  imageSchema,
  imageState,
  retryRequest,
  runKind,
  runSchema,
  runState,
  submission,
  trySchema,
} from '../schemas/run.js'
import { imageTreeSchema } from '../schemas/store.js'
import { count, cursor, whole } from '../values.js'
import { largeBody, list, next, pageLimits, started } from './parts.js'

/** The operations on runs and their images. */
export const runs = {
  submitRun: defineRoute({
    method: 'POST',
    path: '/runs',
    summary: 'Submits a run: references, or a mirror file.',
    scope: 'submit',
    body: submission,
    bodyLimit: largeBody,
    once: true,
    status: 201,
    answer: started,
  }),
  listRuns: defineRoute({
    method: 'GET',
    path: '/runs',
    summary: 'Lists runs, the newest first.',
    scope: 'read',
    query: z.strictObject({
      state: runState.optional(),
      kind: runKind.optional(),
      schedule: z.string().max(4096).optional().describe('The schedule that started them.'),
      limit: whole(pageLimits.runs).optional().describe('Default: 50.'),
      cursor: cursor.optional(),
    }),
    answer: z.object({ items: z.array(runSchema).readonly(), next }),
  }),
  getRun: defineRoute({
    method: 'GET',
    path: '/runs/{run}',
    summary: 'A run, by its id or the beginning of it, and what it waits for.',
    scope: 'read',
    answer: runSchema.extend({ obstacles: z.array(obstacleSchema).readonly() }),
  }),
  listImages: defineRoute({
    method: 'GET',
    path: '/runs/{run}/images',
    summary:
      'The images of a run, in the order of the request, then what was pruned. A page may have fewer images than the limit, also none, and a next one.',
    scope: 'read',
    query: z.strictObject({
      state: imageState.optional(),
      search: z.string().min(1).max(1024).optional().describe('A part of the name.'),
      cause: z.string().max(40).optional().describe('Only images that failed for this cause.'),
      limit: whole(pageLimits.images).optional().describe('Default: 100.'),
      cursor: cursor.optional(),
    }),
    answer: z.object({ items: z.array(imageSchema).readonly(), next }),
  }),
  getImage: defineRoute({
    method: 'GET',
    path: '/runs/{run}/images/{index}',
    summary: 'An image of a run.',
    scope: 'read',
    answer: imageSchema,
  }),
  listBlobs: defineRoute({
    method: 'GET',
    path: '/runs/{run}/images/{index}/blobs',
    summary: 'The blobs that an image lacked when it was planned, until it is done.',
    scope: 'read',
    answer: list(blobSchema),
  }),
  listTries: defineRoute({
    method: 'GET',
    path: '/runs/{run}/images/{index}/tries',
    summary:
      'The tries of an image and of its blobs that have failed, the oldest first: the last 20, of at most 1,000 images of a run, for a week.',
    scope: 'read',
    answer: list(trySchema),
  }),
  getImageTree: defineRoute({
    method: 'GET',
    path: '/runs/{run}/images/{index}/tree',
    summary: 'The tree of an image of a run, as far as its manifests are at its target.',
    scope: 'read',
    slow: true,
    answer: imageTreeSchema,
  }),
  listFailures: defineRoute({
    method: 'GET',
    path: '/failures',
    summary:
      'What images of the last day failed of, the causes of most images first: of the ten newest runs with failures.',
    scope: 'read',
    answer: list(failureSchema),
  }),
  listCauses: defineRoute({
    method: 'GET',
    path: '/runs/{run}/causes',
    summary: 'What images of a run failed of, the causes of most images first.',
    scope: 'read',
    answer: list(causeSchema),
  }),
  followRun: defineRoute({
    method: 'GET',
    path: '/runs/{run}/events',
    summary:
      'Follows a run by server-sent events: `run` for each change, and `end` after the last one. With Last-Event-ID, begins with the first change since that event.',
    scope: 'read',
    events: true,
    answer: runSchema,
  }),
  retryRun: defineRoute({
    method: 'POST',
    path: '/runs/{run}/retry',
    summary: 'Runs failed and canceled images again: all, some, or those of one cause.',
    scope: 'submit',
    body: retryRequest,
    bodyLimit: largeBody,
    answer: z.object({ run: z.string(), images: count.describe('How many are run again.') }),
  }),
  collectGarbage: defineRoute({
    method: 'POST',
    path: '/collections',
    summary:
      'Collects the garbage of the store, as a run. One is under way at a time, beside dry runs: the same request again finds it.',
    scope: 'admin',
    body: collectionRequest,
    status: 201,
    answer: started.extend({ isJoined: z.boolean().describe('It was under way already.') }),
  }),
  listDeleted: defineRoute({
    method: 'GET',
    path: '/runs/{run}/deleted',
    summary: 'What a garbage collection has deleted, if its request was `listed`: the first 100,000 objects.',
    scope: 'read',
    query: z.strictObject({ cursor: cursor.optional() }),
    answer: z.object({ items: z.array(deletedSchema).readonly(), next }),
  }),
  cancelRun: defineRoute({
    method: 'POST',
    path: '/runs/{run}/cancel',
    summary: 'Cancels a run. Published images stay published.',
    scope: 'submit',
    answer: started,
  }),
} as const
