import { type ContentStore, has, imageNamed, type Names, putMerged } from '@dist/content'
import type { Descriptor } from '@dist/oci'
import { publishedNames } from '@dist/reference'
import type { Target, TargetOf } from './target.js'

/** A store as target. Images keep the names of their references. */
export function storeTarget(content: ContentStore, names: Names): TargetOf {
  const shared: Omit<Target, 'names'> = {
    provider: content,
    ingester: content,
    to: undefined,
    stagesManifests: false,
    // Content of a published image may have been deleted or damaged.
    trustsPublishedName: false,
    missing: (descs) => missingFrom(content, descs),
    // Planning has written those that it fetched, and read the others from here.
    missingManifests: async (_, fetched) => fetched,
    // Planning has written all referrers. A store has no list of them that could be incomplete.
    listsReferrers: async () => true,
    published: (name) => imageNamed(name, names),
    publish: (image) => putMerged(image, names),
    // Each question is answered by the store itself: there is nothing to remember and nothing to forget.
    onBlobStored: () => {},
    forget: () => {},
  }
  return (reference) => ({ ...shared, names: publishedNames(reference) })
}

async function missingFrom(content: ContentStore, descs: readonly Descriptor[]): Promise<Descriptor[]> {
  const stored = await Promise.all(descs.map((desc) => has(content, desc)))
  return descs.filter((_, i) => !stored[i])
}
