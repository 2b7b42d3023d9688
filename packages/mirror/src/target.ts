import type { ContentStore, Image, Ingester, Names, Provider } from '@dist/content'
import { isNotFound } from '@dist/errdefs'
import type { Descriptor } from '@dist/oci'

/** Where an image goes: a store, or a registry. */
export interface Target {
  /** Reads back the manifests that planning has put there. */
  readonly provider: Provider
  /** Those of the descriptors whose content is not there, in order. */
  missing(descs: readonly Descriptor[]): Promise<Descriptor[]>
  /** Takes the content of the image of that name in. */
  ingester(name: string): Ingester
  /** What is published under a name, if anything. */
  published(name: string): Promise<Image | undefined>
  /** Makes the name visible. Everything below it is there already. */
  publish(image: Image): Promise<void>
}

/** A content store with its names, as a target. */
export function storeTarget(content: ContentStore, names: Names): Target {
  return {
    provider: content,
    ingester: () => content,
    missing: (descs) => missingFrom(content, descs),
    publish: (image) => names.put(image),
    published: async (name) => {
      try {
        return await names.get(name)
      } catch (error) {
        if (isNotFound(error)) return undefined
        throw error
      }
    },
  }
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
