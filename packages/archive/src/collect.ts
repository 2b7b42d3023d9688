import { type ContentStore, has, type Image } from '@dist/content'
import { DistError, firstError } from '@dist/errdefs'
import { childrenHandler, type Handler, selectedChildren, walk } from '@dist/images'
import { type Descriptor, hasChildren, isForeignLayerType } from '@dist/oci'

/** What an image's selection takes, as far as a store has it. */
export interface Collected {
  /** By digest. */
  readonly objects: readonly Descriptor[]
  /** Foreign layers that are not stored: they stay where their publisher keeps them. */
  readonly foreign: readonly Descriptor[]
  /** All else that is not stored. */
  readonly missing: readonly Descriptor[]
}

type Store = Pick<ContentStore, 'open' | 'info'>

/** Objects that are looked for at the same time: one after the other would be slow where the store is a server. */
const concurrency = 16

/**
 * Walks an image and sorts what its selection takes by whether it is stored. Throws `FAILED_PRECONDITION` and
 * `MALFORMED` for stored manifests that cannot be right, with the image's name in front.
 */
export async function collectImage(
  { name, desc, selection }: Image,
  content: Store,
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
  try {
    await walk(collect, [desc], { concurrency, signal })
  } catch (error) {
    throw attributeError(error, name)
  }
  const { objects, foreign, missing } = collected
  return { objects: byDigest(objects), foreign: byDigest(foreign), missing: byDigest(missing) }
}

/** Each digest once, sorted. */
export function byDigest(descs: readonly Descriptor[]): Descriptor[] {
  const found = new Map(descs.map((desc) => [desc.digest, desc]))
  return [...found.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1))
}

/** The error with the image in front of its message. */
export function attributeError(thrown: unknown, name: string): unknown {
  const error = firstError(thrown)
  if (!(error instanceof DistError) || error.code === 'CANCELED') return error
  return new DistError(error.code, `${name}: ${error.message}`, { cause: error, retryable: error.retryable })
}

/** Digests for a message: the first few, and how many more there are. */
export function listed(descs: readonly Descriptor[]): string {
  const digests = descs.slice(0, 5).map(({ digest }) => digest)
  return `${digests.join(', ')}${descs.length > 5 ? ` and ${descs.length - 5} more` : ''}`
}
