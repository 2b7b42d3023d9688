import * as z from 'zod'
import { count, time } from '../values.js'
import { reportedError } from './collection.js'
import { sourcesText } from './run.js'

export const previewRequest = z.strictObject({
  sources: sourcesText.optional(),
  schedule: z.string().max(4096).optional().describe('The mirror of a schedule, in place of `sources`.'),
  images: z
    .boolean()
    .optional()
    .describe('Also find out what a run would do with each image, by a request for each. Default: false.'),
  timeout: z
    .number()
    .int()
    .min(100)
    .max(60_000)
    .optional()
    .describe('Milliseconds. What is not found out by then is left out. Default: 10,000.'),
})

const tag = z.object({
  entry: z.string(),
  repository: z.string(),
  tag: z.string(),
  fellAt: z
    .string()
    .optional()
    .describe(
      'The stage at which it fell out: `name`, `include`, `exclude`, `semver`, `newer-than`, `newest`. Absent: it is selected.',
    ),
  created: z.optional(time).describe('Where a stage uses dates.'),
  hasUnknownDate: z.boolean().optional().describe('It passed `newer-than` only because its date is unknown.'),
})

const image = z.object({
  entry: z.string(),
  reference: z.string(),
  to: z.string().optional().describe('Its name in a registry, if it does not go into the store.'),
  state: z
    .enum(['new', 'changed', 'unchanged', 'gone'])
    .optional()
    .describe('What a run would find. `gone`: the target has it, and its source no longer.'),
  digest: z.string().optional(),
  previous: z.string().optional().describe('What has its name now, if it is another one.'),
  error: reportedError.optional(),
})

export const previewSchema = z.object({
  tags: z.array(tag).readonly().describe('At most 5,000.'),
  tally: z
    .object({
      listed: count,
      fell: z.record(z.string(), count).describe('By stage.'),
      selected: count,
      unknownDates: count.describe('Of the selected tags, those whose date is unknown.'),
    })
    .describe('Of all tags.'),
  invalid: z.array(z.string()).readonly().describe('Names in lists of registries that are not valid.'),
  failures: z
    .array(reportedError.extend({ entry: z.string(), source: z.string(), stage: z.string() }))
    .readonly()
    .describe('What could not be listed, or gets no name.'),
  images: z.array(image).readonly().describe('What is selected: at most 500.'),
  isComplete: z.boolean().describe('False: the time was up, or there is more than this has.'),
})
