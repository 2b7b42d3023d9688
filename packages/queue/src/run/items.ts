import { codes } from '@dist/errdefs'
import type { ReportedError } from '@dist/runs'
import * as z from 'zod'
import { type ImageJob, maxReference, sourcesVersion, upkeepVersion, version } from '../jobs/payload.js'
import type { RunHead } from '../state/head.js'

/**
 * An image of a run, as its lists in Redis have it. In a run of references it is the reference alone; in a run of sources a
 * JSON object. `entry`: the mirror that selected it, by name. `to`: its name in a registry, if it does not go into the
 * store. `refused`: it cannot be mirrored, because it could not be listed or named.
 */
export interface Item {
  readonly reference: string
  readonly entry?: string | undefined
  readonly to?: string | undefined
  readonly immutable?: true | undefined
  readonly refused?: (ReportedError & { readonly stage: 'listing' | 'naming' }) | undefined
}

const sourceItem: z.ZodType<Item> = z.object({
  reference: z.string(),
  entry: z.string(),
  to: z.string().optional(),
  immutable: z.literal(true).optional(),
  refused: z
    .object({ code: z.enum(codes), message: z.string(), stage: z.enum(['listing', 'naming']) })
    .optional(),
})

export function writeItem(item: Item): string {
  return JSON.stringify(item)
}

/** References are never taken for JSON: users write them. */
export function readItem(text: string, { sources }: Pick<RunHead, 'sources'>): Item {
  return sources ? sourceItem.parse(JSON.parse(text)) : { reference: text }
}

export function imageJobOf(
  { run, index, attempt }: Pick<ImageJob, 'run' | 'index' | 'attempt'>,
  text: string | undefined,
  head: RunHead,
): ImageJob {
  const v = head.kind === 'repair' || head.referrers !== undefined ? upkeepVersion : version
  if (text === undefined) return { v, run, index, attempt, reference: '' }
  const { reference, entry, to, immutable, refused } = readItem(text, head)
  const job = { v, run, index, attempt, reference: reference.slice(0, maxReference) } as const
  if (entry === undefined) return job
  const { code, message } = refused ?? {}
  return {
    ...job,
    v: sourcesVersion,
    entry,
    ...(to === undefined ? {} : { destination: to }),
    ...(immutable === undefined ? {} : { immutable }),
    ...(code === undefined || message === undefined ? {} : { refused: { code, message } }),
  }
}
