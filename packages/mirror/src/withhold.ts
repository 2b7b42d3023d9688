import { type Image, imageNamed, type Store } from '@dist/content'
import { DistError, isNotFound } from '@dist/errdefs'
import { type PlatformRequest, requestOf } from '@dist/images'
import { formatReference, parseReference, type Reference } from '@dist/reference'
import type { ImageTask } from './task.js'
import type { BadContent } from './verify-content.js'

/** The parts of a store that is repaired. */
export type RepairedStore = Pick<Store, 'names' | 'setAside' | 'withheld'>

/** A step of a repair: a name was unpublished, or content was moved to a location. */
export type RepairEvent =
  | { readonly type: 'unpublished'; readonly name: string }
  | { readonly type: 'aside'; readonly digest: string; readonly location: string }

/**
 * Unpublishes the images that need bad content. Resolves to all images that wait for a repair, those of earlier ones too; an image
 * whose name was published again meanwhile waits no more.
 */
export async function withholdImages(
  bad: readonly BadContent[],
  { names, withheld }: Pick<RepairedStore, 'names' | 'withheld'>,
  onRepair?: ((event: RepairEvent) => void) | undefined,
): Promise<readonly Image[]> {
  const images = new Map<string, Image>()
  for await (const image of withheld.list()) {
    if ((await imageNamed(image.name, names)) === undefined) images.set(image.name, image)
    else await withheld.remove(image.name)
  }
  const affected = new Set(bad.flatMap(({ images: needing = [] }) => needing))
  for (const name of affected) {
    const image = await imageNamed(name, names)
    // Another process has removed it.
    if (image === undefined) continue
    await withheld.add(image)
    await deleteName(name, names)
    images.set(name, image)
    onRepair?.({ type: 'unpublished', name })
  }
  return [...images.values()]
}

async function deleteName(name: string, names: RepairedStore['names']): Promise<void> {
  try {
    await names.delete(name)
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}

/** Moves content that is damaged or unreadable out of the way. */
export async function setBadAside(
  bad: readonly BadContent[],
  { setAside }: Pick<RepairedStore, 'setAside'>,
  onRepair?: ((event: RepairEvent) => void) | undefined,
): Promise<void> {
  for (const { digest, found } of bad) {
    if (found.state === 'missing') continue
    onRepair?.({ type: 'aside', digest, location: await setAside(digest) })
  }
}

/** An image to fetch, with all that it had. */
type RepairTask = ImageTask & { readonly platforms: PlatformRequest }

/** The task that fetches an image as it was. Throws `NOT_FOUND` for a name that tells no registry. */
export function repairTask({ name, selection, referrers }: Image): RepairTask {
  const reference = referenceOf(name)
  if (reference === undefined)
    throw new DistError(
      'NOT_FOUND',
      `${name}: not fetched again: the name tells no registry; import the image again`,
    )
  const artifactTypes = referrers?.types
  const request = artifactTypes === 'all' ? true : artifactTypes && { artifactTypes }
  return { reference, platforms: requestOf(selection), ...(request ? { referrers: request } : {}) }
}

function referenceOf(name: string): Reference | undefined {
  try {
    const reference = parseReference(name)
    return formatReference(reference) === name ? reference : undefined
  } catch (error) {
    if (error instanceof DistError) return undefined
    throw error
  }
}
