import { createStore, MemoryDriver } from '@dist/content'
import { type Descriptor, digestOf, mediaTypes, type Platform } from '@dist/oci'

export const layer = (name: string, size = 5): Descriptor => ({
  mediaType: mediaTypes.ociLayerGzip,
  digest: digestOf(name),
  size,
})

export const index = (name: string, size = 5): Descriptor => ({
  ...layer(name, size),
  mediaType: mediaTypes.ociIndex,
})

export const onPlatform = (desc: Descriptor, platform: Platform): Descriptor => ({ ...desc, platform })

/** A handler for a tree of names, and the names that it was called with, in order. */
export function treeOf(children: Record<string, readonly Descriptor[]>) {
  const byDigest = new Map(Object.entries(children).map(([name, descs]) => [digestOf(name), descs]))
  const names = new Map<string, string>()
  for (const name of 'abcdefghijklmnop') names.set(digestOf(name), name)
  const visited: string[] = []
  const handler = async (desc: Descriptor) => {
    visited.push(names.get(desc.digest) ?? desc.digest)
    return byDigest.get(desc.digest) ?? []
  }
  return { handler, visited }
}

/** A store in memory with these documents, and their descriptors. */
export async function storeWith(documents: readonly { mediaType: string; document: unknown }[]) {
  const store = createStore(new MemoryDriver())
  const descs: Descriptor[] = []
  for (const { mediaType, document } of documents) {
    const content = Buffer.from(typeof document === 'string' ? document : JSON.stringify(document))
    const desc = { mediaType, digest: digestOf(content), size: content.byteLength }
    await using writer = await store.writer(`test-${descs.length}`, desc)
    await writer.write(content)
    await writer.commit()
    descs.push(desc)
  }
  return { store, descs }
}
