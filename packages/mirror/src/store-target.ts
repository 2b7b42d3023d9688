import { type ContentStore, type Image, mergeSelections, type Names } from '@dist/content'
import { isNotFound } from '@dist/errdefs'
import type { Descriptor } from '@dist/oci'
import { publishedNames } from '@dist/reference'
import type { TargetOf } from './target.js'

/** A content store with its names, as a target. Images keep the names of their references. */
export function storeTarget(content: ContentStore, names: Names): TargetOf {
  const shared = {
    provider: content,
    ingester: content,
    missing: (descs: readonly Descriptor[]) => missingFrom(content, descs),
    published: (name: string) => imageNamed(name, names),
    publish: async (image: Image) => {
      const merged = mergedWith(await imageNamed(image.name, names), image)
      await names.put(merged)
      return merged
    },
  }
  return (reference) => ({ ...shared, names: publishedNames(reference) })
}

async function imageNamed(name: string, names: Names): Promise<Image | undefined> {
  try {
    return await names.get(name)
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

/** What was selected of the same digest before stays selected. */
function mergedWith(before: Image | undefined, image: Image): Image {
  if (before?.desc.digest !== image.desc.digest) return image
  return { ...image, selection: mergeSelections(before.selection, image.selection) }
}

async function missingFrom(content: ContentStore, descs: readonly Descriptor[]): Promise<Descriptor[]> {
  const there = await Promise.all(descs.map((desc) => has(content, desc)))
  return descs.filter((_, i) => !there[i])
}

/** Whether the content of a descriptor is in the store, with the size that the descriptor says. */
export async function has(content: Pick<ContentStore, 'info'>, desc: Descriptor): Promise<boolean> {
  try {
    return (await content.info(desc.digest)).size === desc.size
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}
