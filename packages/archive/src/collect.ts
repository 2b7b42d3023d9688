import { type ContentStore, has, type Image } from '@dist/content'
import { DistError, firstError } from '@dist/errdefs'
import { childrenHandler, type Handler, selectedChildren, walk } from '@dist/images'
import { type Descriptor, type Digest, hasChildren, isForeignLayerType } from '@dist/oci'

/** The descriptors that the selection of an image takes, by whether they are stored. */
export interface Collected {
  /** Stored, sorted by digest. */
  readonly objects: readonly Descriptor[]
  /** Of these objects, those that only the recorded referrers of the image need. */
  readonly attached: ReadonlySet<Digest>
  /** Foreign layers that are not stored: they stay where their publisher keeps them. */
  readonly foreign: readonly Descriptor[]
  /** Other descriptors that are not stored. */
  readonly missing: readonly Descriptor[]
}

/** Objects that are checked at the same time: one after the other is slow if the store is a server. */
const concurrency = 16

/**
 * Walks an image with its recorded referrers, and checks which of the objects are stored. Throws `FAILED_PRECONDITION` and
 * `MALFORMED`, with the name of the image, for stored manifests that are damaged or invalid.
 */
export async function collectImage(
  { name, desc, selection, referrers }: Image,
  content: Pick<ContentStore, 'open' | 'find'>,
  signal?: AbortSignal,
): Promise<Collected> {
  const collected = { objects: [] as Descriptor[], foreign: [] as Descriptor[], missing: [] as Descriptor[] }
  const children = selectedChildren(childrenHandler(content), selection, content)
  const collect: Handler = async (child, context) => {
    const stored = await has(content, child)
    if (stored) collected.objects.push(child)
    else if (isForeignLayerType(child.mediaType)) collected.foreign.push(child)
    else collected.missing.push(child)
    return stored && hasChildren(child.mediaType) ? children(child, context) : []
  }
  const own = new Set<Digest>()
  try {
    await walk(collect, [desc], { concurrency, signal })
    for (const { digest } of collected.objects) own.add(digest)
    await walk(collect, referrers?.manifests ?? [], { concurrency, signal })
  } catch (error) {
    throw attributeError(error, name)
  }
  const { objects, foreign, missing } = collected
  const attached = new Set(objects.map(({ digest }) => digest).filter((digest) => !own.has(digest)))
  return { objects: byDigest(objects), attached, foreign: byDigest(foreign), missing: byDigest(missing) }
}

/** Each digest once, sorted. */
export function byDigest(descs: readonly Descriptor[]): Descriptor[] {
  const found = new Map(descs.map((desc) => [desc.digest, desc]))
  return [...found.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1))
}

/** The error with the name of the image at the beginning of its message. */
export function attributeError(thrown: unknown, name: string): unknown {
  const error = firstError(thrown)
  if (!(error instanceof DistError) || error.code === 'CANCELED') return error
  return new DistError(error.code, `${name}: ${error.message}`, { cause: error, retryable: error.retryable })
}

/** The first digests for a message, and the number of the others. */
export function formatDigests(descs: readonly Descriptor[]): string {
  const digests = descs.slice(0, 5).map(({ digest }) => digest)
  return `${digests.join(', ')}${descs.length > 5 ? ` and ${descs.length - 5} more` : ''}`
}
