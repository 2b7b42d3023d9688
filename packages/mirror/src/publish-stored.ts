import { type ContentStore, guarded, hadRecently, type Image, type Names, putMerged } from '@dist/content'
import { DistError } from '@dist/errdefs'
import { holdsAll, neededBy } from '@dist/images'
import type { Descriptor } from '@dist/oci'
import type { MissingOptions } from './target.js'

/**
 * Publishes an image whose content is in the store, for example under another name. Throws `UNAVAILABLE` if a collection of garbage
 * has just deleted a part of it.
 */
export async function publishStored(image: Image, content: ContentStore, names: Names): Promise<Image> {
  const needed = () => neededBy(image, content, { stored: content })
  const digests = async () => (await needed()).map(({ digest }) => digest)
  return guarded(names, digests, async (isCollecting) => {
    if (!isCollecting) return putMerged(image, names)
    if (await holdsAll(image, content, names)) return putHeld(image, content, names)
    throw new DistError('UNAVAILABLE', `${image.name}: not published: a part of the image has been deleted`)
  })
}

/**
 * As `putMerged` while garbage is collected: what was published before is kept only if the store has all of it, and keeps it.
 */
export async function putHeld(image: Image, content: ContentStore, names: Names): Promise<Image> {
  const holds = (kept: Omit<Image, 'name'>) => holdsAll(kept, content, names)
  const { referrers, ...bare } = image
  const isRecordHeld = referrers === undefined || (await holds({ ...image, selection: [] }))
  return putMerged(isRecordHeld ? image : bare, names, holds)
}

/** The descriptors whose content a store lacks. */
export async function missingFrom(
  content: ContentStore,
  descs: readonly Descriptor[],
  { recent = false, isCollecting = false }: MissingOptions = {},
): Promise<Descriptor[]> {
  const options = { absence: recent, presence: !isCollecting }
  const stored = await Promise.all(descs.map((desc) => hadRecently(content, desc, options)))
  return descs.filter((_, i) => !stored[i])
}
