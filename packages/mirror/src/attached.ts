import type { Descriptor } from '@dist/oci'
import { formatReference, parseReference } from '@dist/reference'
import type { CosignTag } from '@dist/remotes'
import type { Target, TargetOptions } from './target.js'

/** What belongs to an image beside its parts: the manifests that refer to it, and cosign's tags. */
export interface Attached {
  readonly referrers: readonly Descriptor[]
  readonly tags: readonly CosignTag[]
}

export const nothingAttached: Attached = { referrers: [], tags: [] }

/** The name of a tag beside the image: in the same repository. */
export function nameBeside(name: string, tag: string): string {
  const { host, repository } = parseReference(name)
  return formatReference({ host, repository, tag })
}

/** Whether all of these tags are published beside an image with the same content. */
export async function hasTags(
  target: Pick<Target, 'names' | 'published'>,
  tags: readonly CosignTag[],
  options: TargetOptions,
): Promise<boolean> {
  const [name = ''] = target.names
  const held = await Promise.all(
    tags.map(async ({ tag, desc }) => {
      const found = await target.published(nameBeside(name, tag), options)
      return (await found?.holds(desc, 'all')) ?? false
    }),
  )
  return held.every((each) => each)
}
