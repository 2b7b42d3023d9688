import {
  childrenHandler,
  filterPlatforms,
  type Handler,
  type PlatformRequest,
  skipDesc,
  walk,
} from '@dist/images'
import { type Descriptor, isIndexType } from '@dist/oci'
import { formatReference, type Reference } from '@dist/reference'
import type { Resolved } from '@dist/remotes'
import { Collection } from './collection.js'
import { documentsOf } from './documents.js'
import type { MirrorEvent } from './events.js'
import { type WalkAttachedOptions, type WalkedAttached, walkAttached } from './referrers.js'
import { OfferedPlatforms } from './selection.js'
import type { Source } from './source.js'
import type { Target } from './target.js'

export interface WalkImageOptions extends WalkAttachedOptions {
  platforms: PlatformRequest
  /** Whether an index may lack some of the platforms: a remark tells. It must have one. Default: false. */
  anyPlatform?: boolean | undefined
  /** Also fetch foreign layers. Default: false. */
  foreignLayers?: boolean | undefined
  /** Whether the image was planned before, maybe by another process. Default: false. */
  again?: boolean | undefined
  onEvent?: ((event: MirrorEvent) => void) | undefined
}

/** The descriptors of an image. */
export interface WalkedImage {
  readonly manifests: readonly Descriptor[]
  readonly blobs: readonly Descriptor[]
  /** Foreign layers that stay where their publisher keeps them. */
  readonly skipped: readonly Descriptor[]
  /** The manifests that were fetched: the target did not have them. */
  readonly fetched: readonly Descriptor[]
  readonly attached: WalkedAttached
}

/** Manifests of one image that are fetched at the same time. */
const concurrency = 8

/** Walks the manifests of an image, which are written to the target on the way, and collects what they name. */
export async function walkImage(
  reference: Reference,
  resolved: Resolved,
  source: Source,
  target: Target,
  options: WalkImageOptions,
): Promise<WalkedImage> {
  const { signal, onEvent, platforms, foreignLayers = false } = options
  const { desc: root, content } = resolved
  const name = formatReference(reference)
  const documents = documentsOf({
    fetcher: source.fetcher(reference),
    target,
    again: options.again,
    known: new Map(content === undefined ? [] : [[root.digest, content]]),
    onDocument: (desc, state) => {
      const progress = target.stagesManifests
        ? { state: 'waiting' as const, offset: 0 }
        : { state, offset: desc.size }
      onEvent?.({ type: 'object', reference: name, desc, ...progress })
    },
  })
  const offered = new OfferedPlatforms()
  const collection = new Collection({ foreignLayers })
  const children = filterPlatforms(recordOffered(childrenHandler(documents), offered), platforms)
  await walk(collection.handler(children), [root], { concurrency, signal })
  offered.check(platforms, name, options.anyPlatform === true ? options.onRemark : undefined)
  const attached = await walkAttached({ reference, root, collection }, source, documents, options)
  const { manifests, blobs, skipped } = collection
  return { manifests, blobs, skipped, fetched: documents.fetched, attached }
}

/** Records the platforms of indexes before the filter removes children. */
function recordOffered(handler: Handler, offered: OfferedPlatforms): Handler {
  return async (desc, context) => {
    const children = await handler(desc, context)
    if (children !== skipDesc && isIndexType(desc.mediaType)) offered.add(children)
    return children
  }
}
