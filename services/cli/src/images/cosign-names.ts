import { type Image, imageNamed, type Names, type ReferrersRecord, type Store } from '@dist/content'
import { isNotFound } from '@dist/errdefs'
import { nameBeside, publishStored } from '@dist/mirror'
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
  const tags = record?.tags.filter((tag) => cosignSubject(tag) !== undefined) ?? []
  const unused = new Set(tags.map((tag) => nameBeside(removed, tag)))
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

/** The tags of cosign that came with an image. */
export async function tagsOf({ name, referrers }: Image, names: Names): Promise<Image[]> {
  const tags = referrers?.tags.filter((tag) => cosignSubject(tag) !== undefined) ?? []
  const found = await Promise.all(tags.map((tag) => imageNamed(nameBeside(name, tag), names)))
  return found.filter((image) => image !== undefined)
}

/** Publishes the tags of cosign that came with an image beside another name, too. */
export async function copyTags(
  image: Image,
  to: string,
  { content, names }: Pick<Store, 'content' | 'names'>,
): Promise<void> {
  for (const tagged of await tagsOf(image, names)) {
    const name = nameBeside(to, tagged.name.slice(tagged.name.lastIndexOf(':') + 1))
    if (name !== tagged.name) await publishStored({ ...tagged, name }, content, names)
  }
}
