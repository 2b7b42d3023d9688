import type { Image, Names } from '@dist/content'
import { isNotFound } from '@dist/errdefs'
import { cosignSubject } from '@dist/reference'
import { nameBeside } from './attached.js'

/** The names of cosign's tags that came with an image. */
export function tagNamesOf({ name, referrers }: Pick<Image, 'name' | 'referrers'>): string[] {
  const tags = referrers?.tags.filter((tag) => cosignSubject(tag) !== undefined) ?? []
  return tags.map((tag) => nameBeside(name, tag))
}

/** Leaves out of `unused` the tags that came with a published image, other than those in `except`. */
export async function keepNeeded(
  unused: Set<string>,
  names: Pick<Names, 'list'>,
  except: ReadonlySet<string> = new Set(),
): Promise<void> {
  if (unused.size === 0) return
  for await (const image of names.list())
    if (!except.has(image.name)) for (const name of tagNamesOf(image)) unused.delete(name)
}

/** Removes the tags of cosign that came with an image whose name was removed, unless another name of the repository has them. */
export async function removeUnusedTags(
  removed: Pick<Image, 'name' | 'referrers'>,
  names: Names,
): Promise<void> {
  const unused = new Set(tagNamesOf(removed))
  await keepNeeded(unused, names)
  for (const name of unused) await removeName(name, names)
}

/** Removes a name that another process may have removed. Resolves to whether it was there. */
export async function removeName(name: string, names: Pick<Names, 'delete'>): Promise<boolean> {
  try {
    await names.delete(name)
    return true
  } catch (error) {
    if (!isNotFound(error)) throw error
    return false
  }
}
