import { type Image, imageNamed, type Names, type Store } from '@dist/content'
import { nameBeside, publishStored, tagNamesOf } from '@dist/mirror'
import { cosignSubject } from '@dist/reference'

/** Whether a name has a tag of cosign, which belongs to another image. */
export function isCosignName(name: string): boolean {
  return cosignSubject(name.slice(name.lastIndexOf(':') + 1)) !== undefined
}

/** The tags of cosign that came with an image. */
export async function tagsOf(image: Image, names: Names): Promise<Image[]> {
  const found = await Promise.all(tagNamesOf(image).map((name) => imageNamed(name, names)))
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
