import { codes, DistError } from '@dist/errdefs'
import { type Descriptor, type Digest, isDigest } from '@dist/oci'
import { parseReference } from '@dist/reference'
import * as z from 'zod'
import { runGrammar, scheduleGrammar } from '../redis/keys.js'

/** The version of payloads that this service writes. */
export const version = 2
/** The version of the run jobs and image jobs of mirror files. */
export const sourcesVersion = 3
/**
 * The version of the jobs of repairs and of runs that say which referrers come, and of the run jobs of collections of garbage; the
 * last one that this service reads.
 */
export const upkeepVersion = 4
/** Version 1 has a blob's source once more. */
const readVersion = z.literal([1, version, sourcesVersion, upkeepVersion])
/** The most blobs of an image that are sent once more. */
export const maxAgain = 100
/** Longer references are cut: they are not valid, and fail their images. */
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

export const runJob = z.object({ v: readVersion, run, round: count })

/** A schedule is due. */
export const scheduleJob = z.object({ v: readVersion, schedule: z.string().regex(scheduleGrammar) })

export const imageJob = z.object({
  v: readVersion,
  run,
  index: count,
  attempt: z.number().int().positive(),
  reference: z.string().max(maxReference),
  /** The mirror that selected the image, in a run of a mirror file. */
  entry: z.string().max(4096).optional(),
  /** Its name in a registry, if the mirror does not bring it into the store. */
  destination: z.string().max(maxReference).optional(),
  /** As in `PlanOptions`. */
  immutable: z.literal(true).optional(),
  /** Why it cannot be mirrored. */
  refused: z.object({ code: z.enum(codes), message: z.string().max(4096) }).optional(),
  /** The descriptor that the reference was resolved to. It is not resolved again once this is saved. */
  resolved: descriptor.optional(),
  /** Part of the ids of the blob jobs of the last plan; saved before any of them is added. */
  generation: z
    .string()
    .regex(/^[a-z0-9]{4,16}$/)
    .optional(),
  /** How often the image was planned in this attempt. */
  plans: count.optional(),
  /** The blobs that were sent once more, by `blobKey`. A registry that still lacks one of them has lost it. */
  again: z.array(z.string().max(64)).max(maxAgain).optional(),
  /** The manifests that planning has fetched so far. */
  manifests: amount.optional(),
})

const locator = z.object({ host: z.string().max(300), repository: z.string().max(300) })
const blob = {
  v: readVersion,
  run,
  index: count,
  attempt: z.number().int().positive(),
  desc: descriptor,
  /** The reference of the image that needs the blob. It is fetched from the repository of that. */
  image: z.string().max(maxReference),
}

const fetchJob = z.object({
  ...blob,
  kind: z.undefined().optional(),
  /** The destination, when it is not the store. */
  to: locator.optional(),
  /** As in `BlobTask`. */
  again: z.literal(true).optional(),
})

const verifyJob = z.object({ ...blob, kind: z.literal('verify') })

export const blobJob = z.discriminatedUnion('kind', [fetchJob, verifyJob])

export type ScheduleJob = z.infer<typeof scheduleJob>
export type RunJob = z.infer<typeof runJob>
export type ImageJob = z.infer<typeof imageJob>
/** A blob to fetch. */
export type FetchJob = z.infer<typeof fetchJob>
/** A stored blob to hash again. */
export type VerifyJob = z.infer<typeof verifyJob>
export type BlobJob = FetchJob | VerifyJob
export type NoticeJob = z.infer<typeof noticeJob>

/** What a target is told at the end of a run. It has neither the URL nor the secret of the target. */
export const noticeJob = z.object({
  v: readVersion,
  run,
  /** The id of the delivery: the same in all attempts. */
  id: z.string().max(64),
  entry: z.string().max(4096),
  target: z.string().max(64),
  body: z.string(),
})

/** A question to coordinators. Its text is in Redis as long as the answer is wanted. */
export const questionJob = z.object({ v: readVersion, id: run })

export type QuestionJob = z.infer<typeof questionJob>

const versioned = z.object({ v: z.number().int() })

/** A job that a newer service has added. It is handed back: a service that can read it may take it. */
export class NewerJob extends DistError {
  constructor(job: string, found: number) {
    super(
      'NOT_IMPLEMENTED',
      `job ${job} has version ${found}, this service reads versions up to ${upkeepVersion}: handed back; upgrade this service`,
    )
  }
}

/** Reads a job's payload. `NewerJob`, or `INVALID_ARGUMENT`, naming job and field: not retryable. */
export function parsePayload<T>(schema: z.ZodType<T>, data: unknown, job: string): T {
  const parsed = schema.safeParse(data)
  if (parsed.success) return parsed.data
  const { data: newer } = versioned.safeParse(data)
  if (newer !== undefined && newer.v > upkeepVersion) throw new NewerJob(job, newer.v)
  const [issue] = parsed.error.issues
  const field = issue === undefined || issue.path.length === 0 ? 'the payload' : issue.path.join('.')
  throw new DistError('INVALID_ARGUMENT', `job ${job}: ${field}: ${issue?.message ?? 'is not valid'}`)
}

/** The registry of a reference; empty for an invalid one, which fails its image without a request. */
export function registryOf(reference: string): string {
  try {
    return parseReference(reference).host
  } catch {
    return ''
  }
}
