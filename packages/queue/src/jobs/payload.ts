import { DistError } from '@dist/errdefs'
import { type Descriptor, type Digest, isDigest } from '@dist/oci'
import { z } from 'zod'
import { runGrammar } from '../redis/keys.js'

/** The most that a job's payload may have, in bytes. */
export const maxPayload = 16 * 1024
/** The most blobs of an image that are sent once more. */
export const maxAgain = 100
/** A longer reference is cut: it cannot be a right one, and fails its image. */
export const maxReference = 1024

const count = z.number().int().nonnegative()
const run = z.string().regex(runGrammar)
const digest = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value), 'is not a digest')

const descriptor: z.ZodType<Descriptor> = z.object({
  mediaType: z.string().max(255),
  digest,
  size: count,
})

const amount = z.object({ objects: count, bytes: count })

export const runJob = z.object({ v: z.literal(1), run, round: count })

export const imageJob = z.object({
  v: z.literal(1),
  run,
  index: count,
  attempt: z.number().int().positive(),
  reference: z.string().max(maxReference),
  /** What the reference meant when it was resolved. Once it is saved nobody resolves again. */
  resolved: descriptor.optional(),
  /** Names the children of the last plan; saved before any of them is added. */
  generation: z
    .string()
    .regex(/^[a-z0-9]{4,16}$/)
    .optional(),
  /** How often it was planned. */
  plans: count.optional(),
  /** The blobs that were sent once more, by `blobKey`: what a registry says it lacks of them after that, it lacks. */
  again: z.array(z.string().max(64)).max(maxAgain).optional(),
  /** The manifests that planning has fetched so far. */
  manifests: amount.optional(),
})

const locator = z.object({ host: z.string().max(300), repository: z.string().max(300) })
const blob = {
  v: z.literal(1),
  run,
  index: count,
  attempt: z.number().int().positive(),
  desc: descriptor,
  /** The reference of the image that needs it: what logs call it. */
  image: z.string().max(maxReference).optional(),
}

const fetchJob = z.object({
  ...blob,
  kind: z.undefined().optional(),
  source: locator,
  /** The repository that it goes to, where that is not the store. */
  to: locator.optional(),
  /** As in `BlobTask`. */
  again: z.literal(true).optional(),
})

const verifyJob = z.object({ ...blob, kind: z.literal('verify') })

export const blobJob = z.discriminatedUnion('kind', [fetchJob, verifyJob])

export type RunJob = z.infer<typeof runJob>
export type ImageJob = z.infer<typeof imageJob>
/** A blob to be brought in. */
export type FetchJob = z.infer<typeof fetchJob>
/** A blob of the store to be hashed again. */
export type VerifyJob = z.infer<typeof verifyJob>
export type BlobJob = FetchJob | VerifyJob

/** Reads a job's payload. `INVALID_ARGUMENT`, naming the job and the field: never worth a retry. */
export function parsePayload<T>(schema: z.ZodType<T>, data: unknown, job: string): T {
  const parsed = schema.safeParse(data)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const where = issue === undefined || issue.path.length === 0 ? 'the payload' : issue.path.join('.')
  throw new DistError('INVALID_ARGUMENT', `job ${job}: ${where}: ${issue?.message ?? 'is not right'}`)
}
