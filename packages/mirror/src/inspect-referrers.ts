import { has, type Image, imageNamed, type Names } from '@dist/content'
import type { Descriptor, Digest } from '@dist/oci'
import { cosignSubject } from '@dist/reference'
import { readArtifact } from './artifact.js'
import { nameBeside } from './attached.js'
import type { InspectedContent } from './inspect.js'

/** A manifest that is attached to an image, as a store has it. */
export interface AttachedNode {
  readonly desc: Descriptor
  readonly present: boolean
  /** The manifest to which it belongs; undefined if that is unknown. */
  readonly subject?: Digest | undefined
  /** The tag of cosign under which it is published. */
  readonly tag?: string | undefined
}

/** What a store has recorded as attached to an image: manifests that refer to it, then tags of cosign. */
export async function inspectReferrers(
  { name, referrers }: Image,
  content: InspectedContent,
  names: Pick<Names, 'get'>,
): Promise<AttachedNode[]> {
  const manifests = (referrers?.manifests ?? []).map(async (desc) => ({
    present: await has(content, desc),
    ...((await readArtifact(desc, content)) ?? { desc }),
  }))
  const tags = (referrers?.tags ?? []).map(async (tag) => {
    const subject = cosignSubject(tag)
    if (subject === undefined) return []
    const image = await imageNamed(nameBeside(name, tag), names)
    if (image === undefined) return []
    const { desc } = (await readArtifact(image.desc, content)) ?? image
    return [{ desc, present: await has(content, desc), subject, tag }]
  })
  return [...(await Promise.all(manifests)), ...(await Promise.all(tags)).flat()]
}
