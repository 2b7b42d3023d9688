import { codes } from '@dist/errdefs'
import type { ImageTree, Preview, StoredImageDetails, StoredPage, StoreUsage } from '@dist/runs'
import * as z from 'zod'
import { runGrammar } from '../redis/keys.js'

const sources = z.object({ text: z.string(), language: z.enum(['yaml', 'json', 'toml']) })

/** A question as Redis keeps it. */
export const questionSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('preview'), sources, images: z.boolean(), timeout: z.number() }),
  z.object({ kind: z.literal('tree'), run: z.string().regex(runGrammar), index: z.number() }),
  z.object({
    kind: z.literal('images'),
    search: z.string().optional(),
    needs: z.string().optional(),
    from: z.number(),
    limit: z.number(),
  }),
  z.object({ kind: z.literal('image'), name: z.string() }),
  z.object({ kind: z.literal('measure') }),
])

export type Question = z.infer<typeof questionSchema>

const error = z.object({ code: z.enum(codes), message: z.string() })

/** An answer as Redis keeps it. */
export const answerSchema = z.union([z.object({ answer: z.unknown() }), z.object({ error })])

const count = z.number()
const amount = z.object({ objects: count, bytes: count })
const selection = z.union([z.literal('all'), z.array(z.string())])

export const previewSchema: z.ZodType<Preview> = z.object({
  tags: z.array(
    z.object({
      entry: z.string(),
      repository: z.string(),
      tag: z.string(),
      fellAt: z.string().optional(),
      created: z.coerce.date().optional(),
      hasUnknownDate: z.boolean().optional(),
    }),
  ),
  tally: z.object({
    listed: count,
    fell: z.record(z.string(), count),
    selected: count,
    unknownDates: count,
  }),
  invalid: z.array(z.string()),
  failures: z.array(error.extend({ entry: z.string(), source: z.string(), stage: z.string() })),
  images: z.array(
    z.object({
      entry: z.string(),
      reference: z.string(),
      to: z.string().optional(),
      state: z.enum(['new', 'changed', 'unchanged', 'gone']).optional(),
      digest: z.string().optional(),
      previous: z.string().optional(),
      error: error.optional(),
    }),
  ),
  isComplete: z.boolean(),
})

const tree = {
  nodes: z.array(
    z.object({
      depth: count,
      digest: z.string(),
      mediaType: z.string(),
      size: count,
      platform: z.string().optional(),
      artifactType: z.string().optional(),
      isPresent: z.boolean(),
      isSelected: z.boolean(),
      damage: z.string().optional(),
    }),
  ),
  isCut: z.boolean(),
  referrers: z.array(
    z.object({
      digest: z.string(),
      mediaType: z.string(),
      size: count,
      artifactType: z.string().optional(),
      subject: z.string().optional(),
      tag: z.string().optional(),
      isPresent: z.boolean(),
    }),
  ),
}

export const treeSchema: z.ZodType<ImageTree> = z.object({ name: z.string().optional(), ...tree })

const image = { name: z.string(), digest: z.string(), platforms: selection }

export const imageSchema: z.ZodType<StoredImageDetails> = z.object({
  ...image,
  ...tree,
  entries: z.array(z.string()),
})

export const pageSchema: z.ZodType<StoredPage> = z.object({
  images: z.array(z.object(image)),
  total: count,
  next: count.optional(),
})

const entryUsage = z.object({ entry: z.string().optional(), images: count, all: amount, own: amount })

export const usageSchema = z.object({
  measuredAt: z.coerce.date(),
  images: count,
  total: amount,
  needed: amount,
  shared: amount,
  unshared: amount,
  reclaimable: amount,
  abandoned: amount,
  // Measured by a coordinator of an earlier version: there is none.
  entries: z.array(entryUsage).prefault([]),
  isComplete: z.boolean(),
}) satisfies z.ZodType<StoreUsage>

export const measuringSchema = z.object({ type: z.enum(['reading', 'listing']), count })

/** What an image takes, as Redis keeps it. */
export const sizesSchema = z.object({ all: amount, own: amount })
