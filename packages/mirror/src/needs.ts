import { forEachConcurrently, type Names, type Provider } from '@dist/content'
import { type NeedsOptions, neededBy } from '@dist/images'
import type { Descriptor, Digest } from '@dist/oci'

/** Images that are walked at the same time: one after the other is slow if the store is a server. */
const concurrentImages = 16

/** Content that images need. */
export interface Need {
  readonly desc: Descriptor
  /** The names of the images that need it, sorted. */
  readonly images: readonly string[]
}

/** Which images of a store need which of these digests. Digests that no image needs are left out. */
export async function needsOf(
  digests: ReadonlySet<string>,
  { content, names }: { content: Provider; names: Pick<Names, 'list'> },
  options: NeedsOptions = {},
): Promise<Map<Digest, Need>> {
  const needs = new Map<Digest, { desc: Descriptor; images: string[] }>()
  await forEachConcurrently(names.list(), concurrentImages, async (image) => {
    for (const desc of await neededBy(image, content, options)) {
      if (!digests.has(desc.digest)) continue
      const need = needs.get(desc.digest) ?? { desc, images: [] }
      need.images.push(image.name)
      needs.set(desc.digest, need)
    }
  })
  for (const { images } of needs.values()) images.sort()
  return needs
}
