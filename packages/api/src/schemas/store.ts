import * as z from 'zod'
import { count, time } from '../values.js'
import { amount } from './collection.js'

export const treeNodeSchema = z
  .object({
    depth: count.describe('0 for the root.'),
    digest: z.string(),
    mediaType: z.string(),
    size: count,
    platform: z.string().optional(),
    artifactType: z.string().optional(),
    isPresent: z.boolean(),
    isSelected: z.boolean().describe('Whether the image takes it.'),
    damage: z.string().optional().describe('Why a stored manifest cannot be read.'),
  })
  .describe('A descriptor of the tree of an image, behind its parent.')

export const referrerSchema = z
  .object({
    digest: z.string(),
    mediaType: z.string(),
    size: count,
    artifactType: z.string().optional(),
    subject: z.string().optional().describe('The manifest of the image that it is about.'),
    tag: z.string().optional().describe('The tag of cosign under which it is published.'),
    isPresent: z.boolean(),
  })
  .describe('A manifest that refers to an image: a signature, an SBOM.')

const tree = {
  nodes: z.array(treeNodeSchema).readonly().describe('At most 2,000.'),
  isCut: z.boolean().describe('There are more nodes.'),
  referrers: z.array(referrerSchema).readonly(),
}

export const imageTreeSchema = z.object({
  name: z.string().optional().describe('The name under which it is published. Absent: it is not yet.'),
  ...tree,
})

const sizes = z
  .object({
    all: amount.describe('Everything that it needs.'),
    own: amount.describe('Of it, what no other image needs.'),
  })
  .describe('When the store was measured last. Absent: it was not there.')

export const storedImageSchema = z.object({
  name: z.string(),
  digest: z.string().optional().describe('Absent in the order `own`.'),
  platforms: z
    .union([z.literal('all'), z.array(z.string()).readonly()])
    .optional()
    .describe('Absent in the order `own`.'),
  sizes: sizes.optional(),
})

export const storedDetailsSchema = storedImageSchema.extend({
  ...tree,
  entries: z.array(z.string()).readonly().describe('The entries of mirror files that have published it.'),
})

const entryUsage = z.object({
  entry: z.string().optional().describe('Absent: the images that no entry keeps track of.'),
  images: count,
  all: amount.describe('Everything that they need.'),
  own: amount.describe('Of it, what no image of another entry needs.'),
})

const usage = z.object({
  measuredAt: time,
  images: count,
  total: amount.describe('All stored content.'),
  needed: amount.describe('What images need.'),
  shared: amount.describe('Of it, what several images need.'),
  unshared: amount.describe('What the images would take if none shared content.'),
  reclaimable: amount.describe('What no image needs.'),
  abandoned: amount.describe('Writes that no process has open.'),
  entries: z
    .array(entryUsage)
    .readonly()
    .describe(
      'What the images of each entry of a mirror file take, those that need most alone first. At most 1,000.',
    ),
  isComplete: z
    .boolean()
    .describe('False: manifests cannot be read, so that content that images need may count as reclaimable.'),
})

export const storeSchema = z.object({
  id: z.string().optional().describe('Absent while no service has ever started.'),
  usage: usage.optional().describe('Absent: it was never measured.'),
  measuring: z
    .object({ type: z.enum(['reading', 'listing']), count })
    .optional()
    .describe('While it is measured.'),
})
