import * as z from 'zod'
import { defineRoute } from '../route.js'
import { previewRequest, previewSchema } from '../schemas/preview.js'
import { storedDetailsSchema, storedImageSchema, storeSchema } from '../schemas/store.js'
import { count, cursor, digest, whole } from '../values.js'
import { largeBody, next, pageLimits } from './parts.js'

/** The operations about the store and about what registries have: coordinators answer most of them. */
export const store = {
  getStore: defineRoute({
    method: 'GET',
    path: '/store',
    summary: 'The store of the services, and what its content was needed for when it was measured last.',
    scope: 'read',
    answer: storeSchema,
  }),
  measureStore: defineRoute({
    method: 'POST',
    path: '/store/usage',
    summary: 'Has a coordinator measure the store, unless one does. It reads all manifests.',
    scope: 'submit',
    status: 202,
  }),
  listStored: defineRoute({
    method: 'GET',
    path: '/store/images',
    summary:
      'The images of the store, by name; or those that need most alone first, as they were when the store was measured last.',
    scope: 'read',
    slow: true,
    query: z.strictObject({
      search: z.string().min(1).max(1024).optional().describe('A part of the name.'),
      needs: digest
        .optional()
        .describe('The digest of content: only images that need it, by name. All manifests are read.'),
      order: z.enum(['name', 'own']).optional().describe('Default: `name`.'),
      limit: whole(pageLimits.stored).optional().describe('Default: 100.'),
      cursor: cursor.optional(),
    }),
    answer: z.object({
      items: z.array(storedImageSchema).readonly(),
      total: count.optional().describe('How many there are, in the order `name`.'),
      next,
    }),
  }),
  getStored: defineRoute({
    method: 'GET',
    path: '/store/images/{name}',
    summary: 'An image of the store with its tree, and what refers to it.',
    scope: 'read',
    slow: true,
    answer: storedDetailsSchema,
  }),
  previewSources: defineRoute({
    method: 'POST',
    path: '/previews',
    summary:
      'What a mirror file takes from registries, tag by tag and stage by stage, and what a run would do with it. Nothing is changed.',
    scope: 'submit',
    body: previewRequest,
    asks: true,
    bodyLimit: largeBody,
    answer: previewSchema,
  }),
} as const
