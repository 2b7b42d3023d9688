import type { Reference } from '@dist/reference'
import type { MirrorEntry } from '../mirror-file.js'
import { compileEntry } from '../place/compile.js'

/**
 * Whether an entry may take an image, by the names of its repository and its tag. The dates and the number of tags that it
 * takes are not looked at.
 */
export function mayTake(entry: MirrorEntry, { host, repository, tag }: Reference): boolean {
  const { source } = entry
  const at =
    source.kind === 'image' ? source.reference : source.kind === 'repository' ? source.locator : source
  if (at.host !== host) return false
  const { takesRepository, tags } = compileEntry(entry)
  if (!takesRepository(repository)) return false
  if (source.kind === 'image') return source.reference.digest === undefined && source.reference.tag === tag
  return tag !== undefined && tags.refuses(tag) === undefined
}
