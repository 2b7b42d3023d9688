import { type ContentStore, guarded, hadRecently, type Image, type Names } from '@dist/content'
import { isForeignLayerType } from '@dist/oci'
import { neededBy } from './needs.js'

/**
 * Whether a store has all that an image needs, by answers of the store from now on. A collection of garbage that is at work keeps
 * it. For a step of `guarded`.
 */
export async function holdsAll(
  image: Pick<Image, 'desc' | 'selection' | 'referrers'>,
  content: ContentStore,
  names: Pick<Names, 'guard'>,
): Promise<boolean> {
  const needed = await neededBy(image, content, { stored: content })
  const own = needed.filter(({ mediaType }) => !isForeignLayerType(mediaType))
  const check = async () => {
    const held = await Promise.all(own.map((desc) => hadRecently(content, desc, { presence: false })))
    return held.every(Boolean)
  }
  return guarded(names, async () => needed.map(({ digest }) => digest), check)
}
