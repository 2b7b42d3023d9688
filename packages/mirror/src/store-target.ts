import { type ContentStore, has, type Image, imageNamed, type Names, putMerged } from '@dist/content'
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
    publish: (image: Image) => putMerged(image, names),
  }
  return (reference) => ({ ...shared, names: publishedNames(reference) })
}

async function missingFrom(content: ContentStore, descs: readonly Descriptor[]): Promise<Descriptor[]> {
  const there = await Promise.all(descs.map((desc) => has(content, desc)))
  return descs.filter((_, i) => !there[i])
}
