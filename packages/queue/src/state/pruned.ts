import { codes } from '@dist/errdefs'
import type { ImageReport } from '@dist/runs'
import * as z from 'zod'

export const reportedErrorSchema = z.object({ code: z.enum(codes), message: z.string() })

const prunedRecord = z.object({
  entry: z.string(),
  /** The removed name. With an error: the source of the entry, of which nothing was removed. */
  name: z.string(),
  digest: z.string().optional(),
  error: reportedErrorSchema.optional(),
})

/** A name that a run has removed, as Redis keeps it. */
export type PrunedRecord = z.infer<typeof prunedRecord>

const list = z.array(prunedRecord)

export function readPruned(text: string): PrunedRecord[] {
  return list.parse(JSON.parse(text))
}

/** The record as users see it. */
export function reportOfPruned(index: number, { entry, name, digest, error }: PrunedRecord): ImageReport {
  const common = { index, entry, reference: name }
  if (error !== undefined) return { ...common, state: 'failed', error, stage: 'pruning' }
  return { ...common, state: 'pruned', digest }
}
