import { covers, type Image, type Selection } from '@dist/content'
import {
  childrenHandler,
  dispatch,
  filterPlatforms,
  type Handler,
  type PlatformRequest,
  skipDesc,
} from '@dist/images'
import { type Descriptor, hasChildren, isForeignLayerType, isIndexType } from '@dist/oci'
import { formatReference, publishedNames, type Reference } from '@dist/reference'
import type { Resolved, Resolver } from '@dist/remotes'
import { documentsOf } from './documents.js'
import type { MirrorEvent } from './events.js'
import { OfferedPlatforms, selectionOf } from './selection.js'
import type { Target } from './target.js'

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
  /** The manifests that planning had to fetch; they are in the target. */
  readonly fetched: readonly Descriptor[]
  /** Foreign layers, which are left where their publisher keeps them. */
  readonly skipped: readonly Descriptor[]
}

export interface PlanOptions {
  platforms: PlatformRequest
  /**
   * What the reference was resolved to before: nobody is asked again, so that an image that is planned twice stays
   * the one it was when its tag moves. Default: resolve.
   */
  resolved?: Descriptor
  /** Also fetch foreign layers. Default: false. */
  foreignLayers?: boolean
  signal?: AbortSignal
  onEvent?: (event: MirrorEvent) => void
}

/**
 * Resolves a reference, walks its manifests and lists what the target lacks. Manifests are committed to the
 * target on the way; nothing is published. An image that is there as asked for costs one HEAD.
 * Throws what resolving and fetching throw, `MALFORMED` for manifests that cannot be right, `NOT_FOUND` for a
 * platform that the image does not offer.
 */
export async function planImage(
  reference: Reference,
  resolver: Resolver,
  target: Target,
  options: PlanOptions,
): Promise<Plan> {
  const published = await publishedImages(reference, target)
  const resolved =
    options.resolved === undefined
      ? await resolvedImage(reference, resolver, published, options.signal)
      : { name: reference, desc: options.resolved }
  const name = formatReference(reference)
  options.onEvent?.({ type: 'image', reference: name, state: 'resolved', desc: resolved.desc })
  const walk = await walkImage(reference, resolved, resolver, target, options)
  const missing = await target.missing(walk.blobs)
  const selection = selectionOf(options.platforms, resolved.desc)
  const vouches = (image: Image) =>
    image.desc.digest === resolved.desc.digest && covers(image.selection, selection)
  const vouched = published.length > 0 && published.every(vouches)
  return {
    reference,
    desc: resolved.desc,
    selection,
    upToDate: vouched && missing.length === 0 && walk.fetched.length === 0,
    objects: [...walk.manifests, ...walk.blobs],
    missing,
    fetched: walk.fetched,
    skipped: walk.skipped,
  }
}

/** What is published under the reference's names; nothing unless all of them are and mean the same. */
async function publishedImages(reference: Reference, target: Target): Promise<Image[]> {
  const found = await Promise.all(publishedNames(reference).map((name) => target.published(name)))
  const images = found.filter((image) => image !== undefined)
  const agreed = images.every((image) => image.desc.digest === images[0]?.desc.digest)
  return agreed && images.length === found.length ? images : []
}

async function resolvedImage(
  reference: Reference,
  resolver: Resolver,
  [published]: readonly Image[],
  signal: AbortSignal | undefined,
): Promise<Resolved> {
  // A digest means the same content for ever: what is published under it needs no question to anybody.
  if (published !== undefined && published.desc.digest === reference.digest)
    return { name: reference, desc: published.desc }
  const intent = published === undefined ? 'manifest' : 'compare'
  return resolver.resolve(reference, { intent, ...(signal === undefined ? {} : { signal }) })
}

interface Walked {
  manifests: Descriptor[]
  blobs: Descriptor[]
  skipped: Descriptor[]
  fetched: readonly Descriptor[]
}

async function walkImage(
  reference: Reference,
  resolved: Resolved,
  resolver: Resolver,
  target: Target,
  options: PlanOptions,
): Promise<Walked> {
  const { signal, onEvent, platforms } = options
  const name = formatReference(reference)
  const known = new Map(
    resolved.content === undefined ? [] : [[resolved.desc.digest as string, resolved.content]],
  )
  const documents = documentsOf({
    fetcher: resolver.fetcher(reference),
    provider: target.provider,
    ingester: target.ingester(name),
    known,
    onDocument: (desc, state) =>
      onEvent?.({ type: 'object', reference: name, desc, state, offset: desc.size }),
  })
  const offered = new OfferedPlatforms()
  const walked: Walked = { manifests: [], blobs: [], skipped: [], fetched: documents.fetched }
  const children = filterPlatforms(offering(childrenHandler(documents), offered), platforms)
  const collect: Handler = async (desc, context) => {
    if (!hasChildren(desc.mediaType)) {
      const foreign = isForeignLayerType(desc.mediaType) && options.foreignLayers !== true
      ;(foreign ? walked.skipped : walked.blobs).push(desc)
      return []
    }
    walked.manifests.push(desc)
    return children(desc, context)
  }
  await dispatch(collect, [resolved.desc], signal === undefined ? {} : { signal })
  offered.check(platforms, name)
  return walked
}

/** Notes what the indexes offer before anything is filtered away. */
function offering(handler: Handler, offered: OfferedPlatforms): Handler {
  return async (desc, context) => {
    const children = await handler(desc, context)
    if (children !== skipDesc && isIndexType(desc.mediaType)) offered.add(children)
    return children
  }
}
