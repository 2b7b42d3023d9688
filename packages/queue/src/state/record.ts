import { codes } from '@dist/errdefs'
import { failureStages, type ImageReport } from '@dist/runs'
import * as z from 'zod'

/** The most failed blobs in a report. */
export const maxFailures = 100

const amount = z.object({ objects: z.number(), bytes: z.number() })
const error = z.object({ code: z.enum(codes), message: z.string() })

const imageRecord = z.object({
  /** Counts from 1. A retry is the next attempt. */
  attempt: z.number().int().positive(),
  state: z.enum(['waiting', 'active', 'done', 'failed', 'canceled']),
  digest: z.string().optional(),
  previous: z.string().optional(),
  upToDate: z.boolean().optional(),
  fetched: amount.optional(),
  shared: amount.optional(),
  remarks: z.array(z.string()).optional(),
  error: error.optional(),
  stage: z.enum(failureStages).optional(),
  failures: z.array(error.extend({ digest: z.string() })).optional(),
})

/** The state of an image, as Redis keeps it. */
export type ImageRecord = z.infer<typeof imageRecord>

const untouched: ImageRecord = { attempt: 1, state: 'waiting' }

export function readRecord(text: string | null | undefined): ImageRecord {
  return text == null ? untouched : imageRecord.parse(JSON.parse(text))
}

export function isEnded(state: ImageReport['state']): boolean {
  return state === 'done' || state === 'failed' || state === 'canceled'
}

/** The record as users see it. In a canceled run each image that has not ended counts as canceled. */
export function reportOf(
  index: number,
  reference: string,
  record: ImageRecord,
  canceled: boolean,
): ImageReport {
  const { attempt: _, state, ...rest } = record
  const shown = canceled && !isEnded(state) ? 'canceled' : state
  return { index, reference, state: shown, ...(rest as Omit<ImageReport, 'index' | 'reference' | 'state'>) }
}
