import type { PublishedName, ReferrersRecord, Selection } from '@dist/content'
import { bareDescriptor, type Descriptor, type Digest } from '@dist/oci'
import { formatReference, type Reference } from '@dist/reference'
import type { Resolved } from '@dist/remotes'
import { type Attached, hasTags, nothingAttached } from './attached.js'
import { AttachedLister, type ReferrersOptions } from './attached-lister.js'
import { isSameRecord, type Recorded, readRecorded, recordOf } from './recorded.js'
import { wantedTypes } from './referrers-request.js'
import { selectionOf } from './selection.js'
import type { Source } from './source.js'
import type { Target, TargetOptions } from './target.js'
import { type WalkedImage, type WalkImageOptions, walkImage } from './walk-image.js'

/** What has to be done for one image. */
export interface Plan {
  readonly reference: Reference
  readonly desc: Descriptor
  readonly selection: Selection
  /** The root that is published under the names of the image; undefined for none, and for the same root. */
  readonly previous?: Digest | undefined
  /** Whether the image is published with all of the selection: there is nothing to do. */
  readonly upToDate: boolean
  /** Everything that the selection takes, the root included, each digest once. */
  readonly objects: readonly Descriptor[]
  /** The blobs that the target lacks. */
  readonly missing: readonly Descriptor[]
  /** The manifests that the target lacked: planning has written them, or publishing puts them. */
  readonly fetched: readonly Descriptor[]
  /** Foreign layers that stay where their publisher keeps them. */
  readonly skipped: readonly Descriptor[]
  /** What refers to the image or to a part of it. It and everything below it are among the objects. */
  readonly attached: Attached
  /** What the published name records of its referrers; undefined if they were never asked for, or the target keeps no record. */
  readonly record: ReferrersRecord | undefined
  /** The image is up to date, and only its record has to be published. */
  readonly renewed: boolean
  /** What could not be found out, one line each, without the name of the image. */
  readonly remarks: readonly string[]
}

export interface PlanOptions extends Omit<WalkImageOptions, 'onRemark' | 'again' | 'recorded' | 'ask'> {
  /**
   * The root to which the reference was resolved before. An image that is planned again keeps it, even if its tag has
   * moved. Default: resolve.
   */
  resolved?: Descriptor | undefined
  /** The reference never changes: an image that is published under it is not requested again. Default: false. */
  immutable?: boolean | undefined
  /**
   * Milliseconds: referrers of an unchanged image that a store has asked for in this time are not asked for again. Default: 0.
   */
  referrersFreshFor?: number | undefined
}

/**
 * Resolves a reference, walks its manifests and lists what the target lacks. Manifests are written to the target on the
 * way; nothing is published. An image that is up to date costs one HEAD.
 * Throws what resolving and fetching throw, `MALFORMED` for invalid manifests, `NOT_FOUND` for a platform that the image
 * does not have.
 */
export async function planImage(
  reference: Reference,
  source: Source,
  target: Target,
  planOptions: PlanOptions,
): Promise<Plan> {
  const remarks = new Set<string>()
  const again = planOptions.resolved !== undefined
  const options = { ...planOptions, again, onRemark: (remark: string) => void remarks.add(remark) }
  const { signal, platforms, onEvent } = options
  const published = await publishedNames(target, { signal })
  const resolved = await resolve(reference, source, published, options)
  const { desc } = resolved
  onEvent?.({ type: 'image', reference: formatReference(reference), state: 'resolved', desc })
  const selection = selectionOf(platforms, desc)
  const isPublished = await isPublishedAs(published, bareDescriptor(desc), selection)
  // A registry may have an index without some of its manifests: the name proves nothing about a selection of platforms.
  if (isPublished && target.trustsPublishedName && selection === 'all') {
    const attached =
      options.immutable === true ? nothingAttached : await attachedTo(desc, reference, source, options)
    if (await hasAttached(desc, attached, target, signal))
      return { reference, desc, selection, ...nothingToDo, objects: [desc], remarks: [...remarks] }
  }
  const isRecorded = target.recordsReferrers && wantedTypes(options.referrers) !== undefined
  const recorded = isRecorded
    ? await readRecorded(published, desc, { reference, source, target }, options)
    : nothingRecorded
  const walked = await walkImage(reference, resolved, source, target, {
    ...options,
    recorded: recorded.attached,
    ask: recorded.ask,
  })
  const { manifests, blobs, skipped, attached } = walked
  const { missing, fetched, isWhole } = await compare(desc, walked, recorded, target, {
    isPublished,
    again,
    signal,
  })
  const upToDate = isPublished && isWhole
  const record = isRecorded
    ? recordOf(recorded, attached, options.referrers)
    : await keptRecord(desc, upToDate ? [] : published, target)
  const previous = isPublished ? undefined : (await publishedRoot(published))?.digest
  return {
    reference,
    desc,
    selection,
    ...(previous === undefined || previous === desc.digest ? {} : { previous }),
    upToDate,
    objects: [...manifests, ...blobs],
    missing,
    fetched,
    skipped,
    attached,
    record,
    renewed: upToDate && !isSameRecord(record, recorded.record),
    remarks: [...remarks],
  }
}

/** What the target lacks of a walked image, and whether that is nothing. */
async function compare(
  root: Descriptor,
  { manifests, blobs, fetched: read, attached }: WalkedImage,
  recorded: Recorded,
  target: Target,
  { isPublished, again, signal }: { isPublished: boolean; again: boolean; signal: AbortSignal | undefined },
): Promise<Pick<Plan, 'missing' | 'fetched'> & { readonly isWhole: boolean }> {
  const missing = await target.missing(blobs, { signal, recent: !again })
  // An image that is not published is put as a whole, so its manifests need no check.
  if (!isPublished) return { missing, fetched: read, isWhole: false }
  const fetched = await target.missingManifests(manifests, read, { signal })
  if (missing.length > 0 || fetched.length > 0) return { missing, fetched, isWhole: false }
  // Those that the target has recorded have just been read there.
  const tags = attached.tags.filter((tag) => recorded.attached?.tags.includes(tag) !== true)
  const isWhole = await hasAttached(root, { ...attached.ofRoot, tags }, target, signal)
  return { missing, fetched, isWhole }
}

const nothingRecorded: Recorded = { record: undefined, attached: undefined, ask: true, askedAt: 0 }

const nothingToDo = {
  upToDate: true,
  missing: [],
  fetched: [],
  skipped: [],
  attached: nothingAttached,
  record: undefined,
  renewed: false,
}

export async function isPublishedAs(
  names: readonly PublishedName[],
  desc: Descriptor,
  selection: Selection,
): Promise<boolean> {
  const held = await Promise.all(names.map((name) => name.holds(desc, selection)))
  return held.length > 0 && held.every((each) => each)
}

/** The record of an image that is published again without a question about its referrers. */
async function keptRecord(
  { digest }: Descriptor,
  [first]: readonly PublishedName[],
  { recordsReferrers }: Target,
): Promise<ReferrersRecord | undefined> {
  const image = recordsReferrers ? await first?.image() : undefined
  return image?.desc.digest === digest ? image.referrers : undefined
}

/** What is attached to the root: a signature can be newer than its image. */
async function attachedTo(
  root: Descriptor,
  reference: Reference,
  source: Source,
  options: ReferrersOptions,
): Promise<Attached> {
  const lister = new AttachedLister(reference, source, options)
  const attached = await lister.attachedTo(root)
  lister.report()
  return attached
}

/** Whether a target has what is attached to a root. */
async function hasAttached(
  { digest }: Descriptor,
  { referrers, tags }: Attached,
  target: Target,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  return (
    (await target.listsReferrers(digest, referrers, { signal })) && (await hasTags(target, tags, { signal }))
  )
}

/** What is published under the names of the target. Nothing unless each name is published. */
export async function publishedNames(
  target: Target,
  options: TargetOptions,
): Promise<readonly PublishedName[]> {
  const found = await Promise.all(target.names.map((name) => target.published(name, options)))
  const published = found.filter((name) => name !== undefined)
  return published.length === found.length ? published : []
}

/** The root under which all names are published; undefined if they are not, or differ. */
export async function publishedRoot(names: readonly PublishedName[]): Promise<Descriptor | undefined> {
  const images = await Promise.all(names.map((name) => name.image()))
  const root = images[0]?.desc
  return images.every((image) => image !== undefined && image.desc.digest === root?.digest) ? root : undefined
}

export async function resolve(
  reference: Reference,
  source: Pick<Source, 'resolve' | 'narrows'>,
  published: readonly PublishedName[],
  { resolved, immutable = false, signal }: PlanOptions,
): Promise<Resolved> {
  if (resolved !== undefined) return { name: reference, desc: resolved }
  // A digest always means the same content: an image that is published under it needs no request.
  const isPinned = reference.digest !== undefined && source.narrows !== true
  if (immutable || isPinned) {
    const root = await publishedRoot(published)
    if (root !== undefined && (immutable || root.digest === reference.digest))
      return { name: reference, desc: root }
  }
  const intent = published.length === 0 ? 'manifest' : 'compare'
  return source.resolve(reference, { intent, signal })
}
