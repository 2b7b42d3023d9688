import { type Image, imageNamed, type Names, type ReferrersRecord } from '@dist/content'
import { isNotFound } from '@dist/errdefs'
import { nameBeside } from '@dist/mirror'
import { cosignSubject } from '@dist/reference'

/** Whether a name has a tag of cosign, which belongs to another image. */
export function isCosignName(name: string): boolean {
  return cosignSubject(name.slice(name.lastIndexOf(':') + 1)) !== undefined
}

/** Removes the tags of cosign that came with an image whose name was removed, unless another name of the repository has them. */
export async function removeUnusedTags(
  removed: string,
  record: ReferrersRecord | undefined,
  names: Names,
): Promise<void> {
  const unused = new Set(record?.tags.map((tag) => nameBeside(removed, tag)))
  if (unused.size === 0) return
  for await (const { name, referrers } of names.list())
    for (const tag of referrers?.tags ?? []) unused.delete(nameBeside(name, tag))
  for (const name of unused) {
    try {
      await names.delete(name)
    } catch (error) {
      // Another process has removed it.
      if (!isNotFound(error)) throw error
    }
  }
}

/** Publishes the tags of cosign that came with an image beside another name, too. */
export async function copyTags({ name, referrers }: Image, to: string, names: Names): Promise<void> {
  for (const tag of referrers?.tags ?? []) {
    const image = await imageNamed(nameBeside(name, tag), names)
    const copy = nameBeside(to, tag)
    if (image !== undefined && copy !== image.name) await names.put({ ...image, name: copy })
  }
}
