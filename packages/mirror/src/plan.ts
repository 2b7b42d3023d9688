import { covers, type Image, type Selection } from '@dist/content'
import type { Descriptor } from '@dist/oci'
import { formatReference, type Reference } from '@dist/reference'
import type { Resolved } from '@dist/remotes'
import { selectionOf } from './selection.js'
import type { Source } from './source.js'
import type { Target, TargetOptions } from './target.js'
import { referrersOf, type WalkOptions, walkImage } from './walk.js'

/** What has to be done for one image. */
export interface Plan {
  readonly reference: Reference
  readonly desc: Descriptor
  readonly selection: Selection
  /** The published name vouches for all of it already: there is nothing to do. */
  readonly upToDate: boolean
  /** Everything that the selection takes, the root included, each digest once. */
  readonly objects: readonly Descriptor[]
  /** The blobs that the target lacks. */
  readonly missing: readonly Descriptor[]
  /** The manifests that the target lacked: they are there now, or publishing puts them there. */
  readonly fetched: readonly Descriptor[]
  /** Foreign layers, which are left where their publisher keeps them. */
  readonly skipped: readonly Descriptor[]
  /** Manifests that refer to the image or to a part of it; they and what is below them are among the objects. */
  readonly referrers: readonly Descriptor[]
  /** What could not be found out, for people: each a line that does not name the image. */
  readonly remarks: readonly string[]
}

export interface PlanOptions extends WalkOptions {
  /**
   * What the reference was resolved to before: nobody is asked again, so that an image that is planned twice stays
   * the one it was when its tag moves. Default: resolve.
   */
  resolved?: Descriptor | undefined
}

/**
 * Resolves a reference, walks its manifests and lists what the target lacks. Manifests are committed to the
 * target on the way; nothing is published. An image that is there as asked for costs one HEAD.
 * Throws what resolving and fetching throw, `MALFORMED` for manifests that cannot be right, `NOT_FOUND` for a
 * platform that the image does not offer.
 */
export async function planImage(
  reference: Reference,
  source: Source,
  target: Target,
  options: PlanOptions,
): Promise<Plan> {
  const remarks = new Set<string>()
  const onRemark = (remark: string) => remarks.add(remark)
  const plan = await planned(reference, source, target, { ...options, onRemark })
  return { ...plan, remarks: [...remarks] }
}

async function planned(
  reference: Reference,
  source: Source,
  target: Target,
  options: PlanOptions,
): Promise<Omit<Plan, 'remarks'>> {
  const given = { signal: options.signal }
  const published = await publishedImages(target, given)
  const resolved =
    options.resolved === undefined
      ? await resolvedImage(reference, source, published, options.signal)
      : { name: reference, desc: options.resolved }
  const { desc } = resolved
  const name = formatReference(reference)
  options.onEvent?.({ type: 'image', reference: name, state: 'resolved', desc })
  const selection = selectionOf(options.platforms, desc)
  const vouches = (image: Image) => image.desc.digest === desc.digest && covers(image.selection, selection)
  const vouched = published.length > 0 && published.every(vouches)
  const common = { reference, desc, selection }
  // Of an index that is there in part its name tells nothing about the other parts.
  const proven = vouched && target.trustsPublishedName === true && selection === 'all'
  if (proven && (await knowsReferrers(desc, reference, source, target, options)))
    return { ...common, ...nothingToDo, objects: [desc] }
  const walk = await walkImage(reference, resolved, source, target, options)
  const missing = await target.missing(walk.blobs, given)
  // What is not published is put as a whole: there is no use in asking for its manifests first.
  const fetched = vouched && target.pending ? await target.pending(walk.manifests, given) : walk.fetched
  const complete = vouched && missing.length === 0 && fetched.length === 0
  return {
    ...common,
    upToDate:
      complete && (!target.pending || (await knowsReferrers(desc, reference, source, target, options))),
    objects: [...walk.manifests, ...walk.blobs],
    missing,
    fetched,
    skipped: walk.skipped,
    referrers: walk.referrers,
  }
}

const nothingToDo = { upToDate: true, missing: [], fetched: [], skipped: [], referrers: [] }

/** Whether the target tells of all that refers to the root: a signature may come after its image. */
async function knowsReferrers(
  desc: Descriptor,
  reference: Reference,
  source: Source,
  target: Target,
  options: PlanOptions,
): Promise<boolean> {
  const wanted = await referrersOf(reference, [desc], source, options)
  if (wanted.length === 0) return true
  const { signal } = options
  const there = await target.referrers?.(desc.digest, { signal })
  return wanted.every(({ digest }) => there?.some((known) => known.digest === digest))
}

/** What is published under the image's names; nothing unless all of them are and mean the same. */
async function publishedImages(target: Target, options: TargetOptions): Promise<Image[]> {
  const found = await Promise.all(target.names.map((name) => target.published(name, options)))
  const images = found.filter((image) => image !== undefined)
  const agreed = images.every((image) => image.desc.digest === images[0]?.desc.digest)
  return agreed && images.length === found.length ? images : []
}

async function resolvedImage(
  reference: Reference,
  source: Source,
  [published]: readonly Image[],
  signal: AbortSignal | undefined,
): Promise<Resolved> {
  // A digest means the same content for ever: what is published under it needs no question to anybody.
  if (published !== undefined && published.desc.digest === reference.digest && source.narrows !== true)
    return { name: reference, desc: published.desc }
  const intent = published === undefined ? 'manifest' : 'compare'
  return source.resolve(reference, { intent, signal })
}
