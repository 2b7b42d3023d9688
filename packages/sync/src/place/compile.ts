import { isRepository, type Reference } from '@dist/reference'
import type { MirrorEntry, RepositoryFilter } from '../mirror-file.js'
import { namesTags } from '../select/filter.js'
import { anyOf, compileGlob, compilePathGlob, compileRegex, type Matcher } from '../select/pattern.js'
import { compileFilter, type TagRules } from '../select/rules.js'
import { nameAt, parseDestination } from './destination.js'
import type { Source } from './source.js'

/** An image that an entry selects, and the names that it gets. */
export interface ImageRequest {
  /** The name of the entry. */
  readonly entry: string
  readonly source: Reference
  readonly destinations: readonly ('store' | Reference)[]
  /** Whether the image never changes once it has been mirrored. */
  readonly isImmutable: boolean
}

/** An entry that is ready for use. */
export interface EntryRules {
  readonly entry: MirrorEntry
  /** Whether the entry takes a repository that the listing of its registry has. False for a name that is not valid. */
  readonly takesRepository: Matcher
  readonly tags: TagRules
  /** The tags, where the entry names them one by one: no listing is needed. */
  readonly namedTags: readonly string[] | undefined
  /** The request of a selected image. Throws `INVALID_ARGUMENT` when a destination makes no valid name of it. */
  requestOf(image: Reference): ImageRequest
}

/** Compiles an entry. Throws `INVALID_ARGUMENT` for what `checkMirrorFile` refuses. */
export function compileEntry(entry: MirrorEntry): EntryRules {
  const filter = entry.tags ?? {}
  const destinations = entry.to.map(parseDestination)
  const isImmutable = anyOf(entry.immutable.map(compileGlob))
  return {
    entry,
    takesRepository: compileRepositories(entry.source, entry.repositories),
    tags: compileFilter(filter),
    namedTags: namesTags(filter) ? filter.list : undefined,
    requestOf: (source) => ({
      entry: entry.name,
      source,
      destinations: destinations.map((each) => (each === 'store' ? each : nameAt(each, source))),
      isImmutable: source.digest !== undefined || (source.tag !== undefined && isImmutable(source.tag)),
    }),
  }
}

function compileRepositories(source: Source, filter: RepositoryFilter): Matcher {
  if (source.kind !== 'pattern') {
    const { repository } = source.kind === 'image' ? source.reference : source.locator
    return (name) => name === repository
  }
  const matches = compilePathGlob(source.pattern)
  const { include, regex, exclude, excludeRegex } = filter
  const includes = include === undefined && regex === undefined ? () => true : matcherOf(include, regex)
  const excludes = matcherOf(exclude, excludeRegex)
  return (name) => isRepository(name) && matches(name) && includes(name) && !excludes(name)
}

function matcherOf(globs: readonly string[] = [], regexes: readonly string[] = []): Matcher {
  return anyOf([...globs.map(compilePathGlob), ...regexes.map(compileRegex)])
}
