import { DistError } from '@dist/errdefs'
import { type Descriptor, isRecord, parseDescriptor } from '@dist/oci'

/**
 * What was asked about the referrers of a published image, and what the store has of them. The store has these manifests with
 * all below them.
 */
export interface ReferrersRecord {
  /** The artifact types that were asked for; `all` without a filter. */
  readonly types: 'all' | readonly string[]
  /** Milliseconds since the epoch; 0 if the source did not answer. */
  readonly askedAt: number
  /** The manifests that refer to the image or to a part of it. */
  readonly manifests: readonly Descriptor[]
  /** The tags of cosign that belong to it: names of their own in the repository of the image. */
  readonly tags: readonly string[]
}

/**
 * Milliseconds. The time of a question is recorded in such steps, rounded down, so that a store can tell the document of a name
 * by its hash.
 */
const askedStep = 1_800_000

/** The time to record for a question that is asked at `now`. */
export function askedTime(now: number): number {
  return now - (now % askedStep)
}

/** The times of questions of the last two days, the newest first. */
export function recentAskedTimes(now: number): readonly number[] {
  return Array.from({ length: 96 }, (_, i) => askedTime(now) - i * askedStep)
}

/** The record as part of a JSON document. */
export function formatReferrers({ types, askedAt, manifests, tags }: ReferrersRecord): unknown {
  const entries = manifests.map(({ mediaType, digest, size, artifactType }) => ({
    mediaType,
    digest,
    size,
    artifactType,
  }))
  return { types, askedAt, manifests: entries, tags }
}

/** Reads the value of `formatReferrers`. Throws `MALFORMED`; `where` is its place. */
export function parseReferrers(value: unknown, where: string): ReferrersRecord {
  const { types, askedAt, manifests, tags } = isRecord(value) ? value : {}
  if (!Array.isArray(manifests) || !isTexts(tags) || !(types === 'all' || isTexts(types)))
    throw new DistError('MALFORMED', `${where}: not a record of referrers`)
  return {
    types,
    askedAt: typeof askedAt === 'number' ? askedAt : 0,
    manifests: manifests.map((entry) => parseDescriptor(entry, where)),
    tags,
  }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}
