import { type DistError, hasCode } from '@dist/errdefs'
import type { Reference } from '@dist/reference'
import { locate, type Mistake, type Node } from './document/node.js'
import type { MirrorEntry, Notify, Prune } from './mirror-file.js'
import { compileEntry, type EntryRules } from './place/compile.js'
import { dependsOnRepository, parseDestination } from './place/destination.js'
import { ClaimedNames, describeConflict } from './place/names.js'
import { formatSource, parseSource, type Source } from './place/source.js'
import type { FileInput, MirrorInput, SharedInput } from './schema/schema.js'
import type { TagFilter } from './select/filter.js'
import { parseSince } from './select/since.js'
import { missingForSchedule, timingOf } from './timing.js'

const defaultFreshness = '24h'
const defaultPruneLimit = '20%'

/**
 * The entries of a file with its defaults, and the mistakes that concern several keys. A mirror that is undefined has mistakes of
 * its own.
 */
export function entriesOf(
  {
    mirrors,
    defaults = {},
  }: Pick<FileInput, 'defaults'> & { readonly mirrors: readonly (MirrorInput | undefined)[] },
  root: Node,
) {
  const entries: MirrorEntry[] = []
  const mistakes: Mistake[] = []
  const names = new Set<string>()
  const claimed = new ClaimedNames()
  for (const [index, mirror] of mirrors.entries()) {
    if (mirror === undefined) continue
    const node = locate(root, ['mirrors', index])
    const entry = entryOf(mirror, defaults, node)
    const wrong = [
      ...contradictions(mirror, entry),
      ...missingForSchedule(mirror, defaults, entry),
      ...repeatedName(entry, names),
      ...conflicts(entry, claimed),
    ]
    for (const [key, message] of wrong)
      mistakes.push({
        ...locate(node, [key]).at,
        message: `mirrors[${index}]${key === '' ? '' : `.${key}`}: ${message}`,
      })
    names.add(entry.name)
    entries.push(entry)
  }
  return { entries, mistakes }
}

function entryOf(mirror: MirrorInput, defaults: SharedInput, { at }: Node): MirrorEntry {
  const source = parseSource(mirror.from)
  const {
    to,
    platforms,
    index,
    referrers,
    discovery,
    'referrers-fresh-for': fresh,
    notify,
  } = { ...defaults, ...given(mirror) }
  const tags = mirror.tags === 'all' ? {} : mirror.tags
  return {
    name: mirror.name ?? formatSource(source),
    at,
    source,
    tags: tags === undefined ? undefined : filterOf(tags),
    immutable: listed(tags?.immutable) ?? [],
    repositories: {
      include: listed(mirror.repositories?.include),
      regex: listed(mirror.repositories?.regex),
      exclude: listed(mirror.repositories?.exclude),
      excludeRegex: listed(mirror.repositories?.['exclude-regex']),
    },
    to: listed(to) ?? ['store'],
    platforms: listed(platforms) ?? [],
    index: index ?? 'sparse',
    referrers:
      typeof referrers === 'object' ? (listed(referrers['artifact-types']) ?? []) : referrers !== false && [],
    referrersFreshFor: ageOf(fresh ?? defaultFreshness),
    discovery,
    timing: timingOf(mirror, defaults),
    prune: pruneOf(mirror),
    notify: notifyOf(notify),
  }
}

function pruneOf({
  prune = false,
  'prune-limit': limit = defaultPruneLimit,
}: MirrorInput): Prune | undefined {
  if (prune === false) return undefined
  return {
    keep: prune === true ? 0 : ageOf(prune.keep),
    limit: typeof limit === 'number' ? { names: limit } : { percent: Number.parseInt(limit, 10) },
  }
}

function notifyOf(notify: SharedInput['notify']): Notify | undefined {
  if (notify === undefined) return undefined
  const { targets, on = ['changed', 'failed'] } =
    typeof notify === 'object' && !Array.isArray(notify) ? notify : { targets: notify }
  return { targets: listed(targets) ?? [], on: typeof on === 'string' ? [on] : on }
}

/** The keys that an entry has, so that those it leaves out do not hide the defaults. */
function given(mirror: MirrorInput): SharedInput {
  return Object.fromEntries(Object.entries(mirror).filter(([, value]) => value !== undefined))
}

function filterOf(tags: Exclude<MirrorInput['tags'], 'all' | undefined>): TagFilter {
  return {
    list: listed(tags.list),
    include: listed(tags.include),
    regex: listed(tags.regex),
    exclude: listed(tags.exclude),
    excludeRegex: listed(tags['exclude-regex']),
    semver: listed(tags.semver),
    prereleases: tags.prereleases,
    newerThan: tags['newer-than'],
    newest: tags.newest,
    newestBy: tags['newest-by'],
  }
}

function listed(value: string | readonly string[] | undefined): readonly string[] | undefined {
  return typeof value === 'string' ? [value] : value
}

function ageOf(text: string): number {
  const since = parseSince(text)
  return 'age' in since ? since.age : 0
}

type Contradiction = readonly [key: string, message: string]

function contradictions(mirror: MirrorInput, { source, to, platforms, prune }: MirrorEntry): Contradiction[] {
  const found: Contradiction[] = []
  const forImage = 'from names one image: remove this key, or remove its tag or digest'
  if (source.kind === 'image') {
    if (mirror.tags !== undefined) found.push(['tags', forImage])
  } else if (mirror.tags === undefined) found.push(['from', missingTags(source)])
  if (source.kind !== 'pattern' && mirror.repositories !== undefined)
    found.push([
      'repositories',
      'from is not a pattern such as registry.example.com/team/**: remove this key',
    ])
  if (source.kind !== 'pattern' && mirror.discovery !== undefined)
    found.push(['discovery', 'from is not a pattern such as registry.example.com/team/**: remove this key'])
  if (source.kind === 'pattern' && !to.every((text) => dependsOnRepository(parseDestination(text))))
    found.push(['to', 'all repositories would get one name: use {repository} or {name}'])
  if (prune !== undefined && mirror.name === undefined)
    found.push(['prune', 'needs a name: the store keeps under it what this mirror has published'])
  if (prune !== undefined && !to.includes('store'))
    found.push(['prune', 'removes names from the store only: remove this key, or add store to "to"'])
  if (prune === undefined && mirror['prune-limit'] !== undefined) found.push(['prune-limit', 'needs prune'])
  if (mirror.index === 'stripped' && platforms.length === 0) found.push(['index', 'stripped needs platforms'])
  return found
}

function missingTags(source: Source): string {
  const text = formatSource(source)
  const one = source.kind === 'repository' ? ` For one image write ${text}:<tag>.` : ''
  return `no tags are selected: add tags, such as "tags: { newest: 5 }" or "tags: all".${one}`
}

function repeatedName({ name }: MirrorEntry, names: ReadonlySet<string>): Contradiction[] {
  return names.has(name)
    ? [['name', `another mirror has the name ${name}: give this one a name of its own`]]
    : []
}

/** Names that are known without a listing, and that another mirror gives to another source. */
function conflicts(entry: MirrorEntry, claimed: ClaimedNames): Contradiction[] {
  const rules = compileEntry(entry)
  const found: Contradiction[] = []
  for (const image of knownImages(rules))
    try {
      const conflict = claimed.claim(rules.requestOf(image))
      if (conflict !== undefined) found.push(['to', describeConflict(conflict)])
    } catch (error) {
      if (!hasCode(error, 'INVALID_ARGUMENT')) throw error
      found.push(['to', (error as DistError).message])
    }
  return found
}

/** The images of an entry that are selected whatever the registry lists and whatever their dates are. */
function knownImages({ entry, namedTags = [], tags }: EntryRules): Reference[] {
  const { source } = entry
  if (source.kind === 'image') return [source.reference]
  if (source.kind === 'pattern' || tags.since !== undefined || tags.filter.newest !== undefined) return []
  return namedTags.filter((tag) => tags.refuses(tag) === undefined).map((tag) => ({ ...source.locator, tag }))
}
