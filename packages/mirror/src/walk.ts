import { DistError, isNotFound } from '@dist/errdefs'
import {
  childrenHandler,
  dispatch,
  filterPlatforms,
  type Handler,
  type PlatformRequest,
  skipDesc,
} from '@dist/images'
import { type Descriptor, hasChildren, isForeignLayerType, isIndexType } from '@dist/oci'
import { formatReference, type Reference } from '@dist/reference'
import type { ReferrersOptions, Resolved } from '@dist/remotes'
import { type Documents, documentsOf } from './documents.js'
import type { MirrorEvent } from './events.js'
import { OfferedPlatforms } from './selection.js'
import type { Source } from './source.js'
import type { Target } from './target.js'

export interface WalkOptions {
  platforms: PlatformRequest
  /** Also fetch foreign layers. Default: false. */
  foreignLayers?: boolean | undefined
  /** Also take what refers to the image, where the source can tell. Default: false. */
  referrers?: boolean | undefined
  /** Told what could not be found out and does not matter enough to fail the image. */
  onRemark?: ((remark: string) => void) | undefined
  signal?: AbortSignal | undefined
  onEvent?: ((event: MirrorEvent) => void) | undefined
}

/** What walking an image has met. */
export interface Walked {
  manifests: Descriptor[]
  blobs: Descriptor[]
  skipped: Descriptor[]
  fetched: readonly Descriptor[]
  referrers: Descriptor[]
}

/** Walks an image's manifests, which are committed to the target on the way, and lists what they name. */
export async function walkImage(
  reference: Reference,
  resolved: Resolved,
  source: Source,
  target: Target,
  options: WalkOptions,
): Promise<Walked> {
  const { signal, onEvent, platforms } = options
  const name = formatReference(reference)
  const known = new Map(
    resolved.content === undefined ? [] : [[resolved.desc.digest as string, resolved.content]],
  )
  const documents = documentsOf({
    fetcher: source.fetcher(reference),
    provider: target.provider,
    ingester: target.ingester,
    known,
    // A registry gets manifests last: until then they wait.
    onDocument: (desc, state) =>
      onEvent?.({
        type: 'object',
        reference: name,
        desc,
        ...(target.to === undefined ? { state, offset: desc.size } : { state: 'waiting', offset: 0 }),
      }),
  })
  const offered = new OfferedPlatforms()
  const walked: Walked = { manifests: [], blobs: [], skipped: [], fetched: documents.fetched, referrers: [] }
  const children = filterPlatforms(offering(childrenHandler(documents), offered), platforms)
  const given = { signal }
  await dispatch(collecting(children, walked, options), [resolved.desc], given)
  offered.check(platforms, name)
  await walkReferrers(reference, source, documents, walked, options)
  return walked
}

/** Notes each descriptor that is met. */
function collecting(children: Handler, walked: Walked, { foreignLayers }: WalkOptions): Handler {
  return async (desc, context) => {
    if (!hasChildren(desc.mediaType)) {
      const foreign = isForeignLayerType(desc.mediaType) && foreignLayers !== true
      ;(foreign ? walked.skipped : walked.blobs).push(desc)
      return []
    }
    walked.manifests.push(desc)
    return children(desc, context)
  }
}

/** Signatures of SBOMs of images: nobody goes further. */
const maxReferrerDepth = 4
/** As many as one manifest may name. */
const maxReferrers = 10_000

async function walkReferrers(
  reference: Reference,
  source: Source,
  documents: Documents,
  walked: Walked,
  options: WalkOptions,
): Promise<void> {
  const met = new Set([...walked.manifests, ...walked.blobs].map(({ digest }) => digest))
  let subjects: readonly Descriptor[] = walked.manifests
  for (let depth = 0; depth < maxReferrerDepth && subjects.length > 0; depth++) {
    const listed = depth > 0
    const found = (await referrersOf(reference, subjects, source, { ...options, listed })).filter(
      ({ digest }) => !met.has(digest),
    )
    subjects = []
    if (walked.referrers.length + found.length > maxReferrers)
      throw new DistError(
        'MALFORMED',
        `${formatReference(reference)} is referred to by more than ${maxReferrers} manifests`,
      )
    for (const desc of found) {
      const below = await walkReferrer(desc, documents, options)
      if (below === undefined) continue
      const fresh = (all: Descriptor[]) => all.filter(({ digest }) => !met.has(digest) && met.add(digest))
      walked.referrers.push(desc)
      subjects = [...subjects, ...below.manifests]
      walked.manifests.push(...fresh(below.manifests))
      walked.blobs.push(...fresh(below.blobs))
      walked.skipped.push(...fresh(below.skipped))
    }
  }
}

/** Undefined for a referrer that is listed but not there: lists that registries do not keep themselves grow stale. */
async function walkReferrer(
  desc: Descriptor,
  documents: Documents,
  options: WalkOptions,
): Promise<Walked | undefined> {
  const walked: Walked = { manifests: [], blobs: [], skipped: [], fetched: [], referrers: [] }
  try {
    const { signal } = options
    const handler = collecting(childrenHandler(documents), walked, options)
    await dispatch(handler, [desc], { signal })
    return walked
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

const leftBehind = 'what refers to it (signatures, SBOMs) is not known, and is left behind'

export interface ReferrersOfOptions extends Pick<WalkOptions, 'referrers' | 'signal' | 'onRemark'> {
  /** Whether the source is known to list what refers to the image. Default: where it lists any of it. */
  listed?: boolean | undefined
}

/**
 * What refers to any of the subjects, each once; nothing where it was not asked for or the source cannot tell. That it
 * does not is one remark, however many the subjects.
 */
export async function referrersOf(
  reference: Reference,
  subjects: readonly Descriptor[],
  source: Source,
  { referrers = false, signal, onRemark, listed = false }: ReferrersOfOptions,
): Promise<Descriptor[]> {
  if (!referrers || source.referrers === undefined) return []
  const unknown: { error: Error; unlisted: boolean }[] = []
  const onUnknown: ReferrersOptions['onUnknown'] = (error, about) => unknown.push({ error, ...about })
  const lists = await Promise.all(
    subjects.map(({ digest }) => source.referrers?.(reference, digest, { onUnknown, signal })),
  )
  const isListed = listed || lists.some((list) => list !== undefined && list.length > 0)
  const missed = unknown.find(({ unlisted }) => !unlisted || !isListed)
  if (missed !== undefined) onRemark?.(`${leftBehind}: ${missed.error.message}`)
  return [...new Map(lists.flatMap((list) => list ?? []).map((desc) => [desc.digest, desc])).values()]
}

/** Notes what the indexes offer before anything is filtered away. */
function offering(handler: Handler, offered: OfferedPlatforms): Handler {
  return async (desc, context) => {
    const children = await handler(desc, context)
    if (children !== skipDesc && isIndexType(desc.mediaType)) offered.add(children)
    return children
  }
}
