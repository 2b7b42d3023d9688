import { askedTime, formatReferrers, type PublishedName, type ReferrersRecord } from '@dist/content'
import type { Descriptor } from '@dist/oci'
import { cosignSubject, type Reference } from '@dist/reference'
import type { CosignTag } from '@dist/remotes'
import { type Attached, nameBeside } from './attached.js'
import { AttachedLister, type ReferrersOptions } from './attached-lister.js'
import type { WalkedAttached } from './referrers.js'
import { type ReferrersRequest, wantedTypes } from './referrers-request.js'
import type { Source } from './source.js'
import type { Target } from './target.js'

export interface RecordedOptions extends ReferrersOptions {
  /** As in `PlanOptions`. */
  readonly referrersFreshFor?: number | undefined
  /** As in `PlanOptions`. */
  readonly immutable?: boolean | undefined
}

/** What a published image has recorded of its referrers, and whether the source has to be asked again. */
export interface Recorded {
  readonly record: ReferrersRecord | undefined
  /** What the target has. */
  readonly attached: Attached | undefined
  /** Whether all is asked for: the record says nothing about the request, or the root has something new. */
  readonly ask: boolean
  /** When the answer is from, in milliseconds since the epoch. */
  readonly askedAt: number
}

/**
 * Reads the record of a published image, and decides what to ask. A record that is not fresh costs one question about the
 * root: the parts of an image are asked for only if that shows something new.
 */
export async function readRecorded(
  published: readonly PublishedName[],
  root: Descriptor,
  { reference, source, target }: { reference: Reference; source: Source; target: Target },
  options: RecordedOptions,
): Promise<Recorded> {
  const { referrers: request, referrersFreshFor = 0, immutable = false, signal } = options
  const image = await published[0]?.image()
  const record = image?.desc.digest === root.digest ? image.referrers : undefined
  if (record === undefined)
    return { record, attached: undefined, ask: !immutable || image === undefined, askedAt: 0 }
  const tags = await recordedTags(record.tags, target, { signal })
  const attached = { referrers: record.manifests, tags }
  const isComplete = tags.length === record.tags.length && answers(record, request)
  const isFresh = immutable || Date.now() - record.askedAt < referrersFreshFor
  if (isComplete && isFresh) return { record, attached, ask: false, askedAt: record.askedAt }
  if (!isComplete) return { record, attached, ask: true, askedAt: record.askedAt }
  const lister = new AttachedLister(reference, source, options)
  const found = await lister.attachedTo(root)
  if (!includes(attached, found)) return { record, attached, ask: true, askedAt: record.askedAt }
  lister.report()
  return {
    record,
    attached,
    ask: false,
    askedAt: lister.unknown === undefined ? askedTime(Date.now()) : record.askedAt,
  }
}

/** The record of an image after it was walked for referrers. Undefined if the source was never asked. */
export function recordOf(
  { record, ask, askedAt }: Recorded,
  attached: WalkedAttached,
  request: ReferrersRequest | undefined,
): ReferrersRecord | undefined {
  if (record === undefined && !ask) return undefined
  const answeredAt = attached.isKnown ? askedTime(Date.now()) : 0
  return {
    types: record === undefined || ask ? (wantedTypes(request) ?? []) : record.types,
    askedAt: ask ? answeredAt : askedAt,
    manifests: attached.referrers,
    tags: attached.tags.map(({ tag }) => tag).sort(),
  }
}

/** Whether two records say the same. */
export function isSameRecord(a: ReferrersRecord | undefined, b: ReferrersRecord | undefined): boolean {
  const [one, other] = [a, b].map((record) => record && JSON.stringify(formatReferrers(record)))
  return one === other
}

/** Whether a record answers a request. */
function answers({ types }: ReferrersRecord, request: ReferrersRequest | undefined): boolean {
  const wanted = wantedTypes(request)
  if (types === 'all' || wanted === undefined) return true
  return wanted !== 'all' && wanted.every((type) => types.includes(type))
}

function includes({ referrers, tags }: Attached, found: Attached): boolean {
  const digests = new Set(referrers.map(({ digest }) => digest))
  const held = new Map(tags.map(({ tag, desc }) => [tag, desc.digest]))
  return (
    found.referrers.every(({ digest }) => digests.has(digest)) &&
    found.tags.every(({ tag, desc }) => held.get(tag) === desc.digest)
  )
}

/** The recorded tags that are published. */
async function recordedTags(
  recorded: readonly string[],
  target: Target,
  options: ReferrersOptions,
): Promise<CosignTag[]> {
  const [name = ''] = target.names
  const found = await Promise.all(
    recorded.map(async (tag): Promise<CosignTag | undefined> => {
      const subject = cosignSubject(tag)
      const image = await (await target.published(nameBeside(name, tag), options))?.image()
      return image && subject && { tag, subject, desc: image.desc }
    }),
  )
  return found.filter((tag) => tag !== undefined)
}
