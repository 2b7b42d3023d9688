import { type Entry, entryOf, type Node } from '../document/node.js'
import type { Draft } from './draft.js'
import { fieldsOf, itemsOf, textAt, textOf } from './fields.js'
import { exactRange } from './ranges.js'
import { bindsPartly, bound } from './regex.js'
import { importHost } from './regsync-hosts.js'
import { expandTemplate } from './templates.js'
import { regsyncTimes } from './times.js'

/** Keys of regsync without an equivalent, and what to do instead. */
const foreign: Readonly<Record<string, string>> = {
  backup: 'dist does not keep the image that a tag had before',
  ratelimit: 'dist follows the limits that a registry announces',
  parallel: 'the number of simultaneous transfers is --concurrency of dist mirror',
  hooks: 'regsync does not run hooks either',
  fastCheck: 'dist asks for the referrers of an unchanged tag once in referrers-fresh-for',
  referrerSource: 'dist finds referrers in the repository of the image',
  referrerTarget: 'dist sends referrers to the repository of the image',
  includeExternal: 'layers with foreign URLs are mirrored as their registry serves them',
}
const read = new Set(['source', 'target', 'type', 'tags', 'tagSets', 'repos', 'platform', 'platforms'])
const inherited = ['digestTags', 'referrers', 'referrerFilters', 'schedule', 'interval']

/** Imports a file of regsync (regclient). */
export function importRegsync(root: Node, draft: Draft): void {
  const defaults = entryOf(root, 'defaults')
  for (const { key, at } of fieldsOf(root))
    if (!['version', 'creds', 'defaults', 'sync'].includes(key) && !key.startsWith('x-'))
      ignored(key, at, draft)
  for (const host of itemsOf(entryOf(root, 'creds'))) importHost(host, draft)
  remarkForeign(fieldsOf(defaults), draft)
  for (const entry of itemsOf(entryOf(root, 'sync'))) importEntry(entry, defaults, draft)
}

function importEntry(entry: Node, defaults: Node | undefined, draft: Draft): void {
  remarkForeign(fieldsOf(entry), draft)
  const [source, target] = ['source', 'target'].map((key) => expandTemplate(entryOf(entry, key), draft))
  if (source === undefined || target === undefined) {
    const missing = ['source', 'target'].filter((key) => entryOf(entry, key) === undefined)
    if (missing.length > 0) draft.remark(entry.at, `left out: ${missing.join(' and ')} missing`)
    return
  }
  if (source.startsWith('ocidir://')) {
    draft.remark(entry.at, 'left out: dist reads layouts on disk with --store and dist import')
    return
  }
  if (target.startsWith('ocidir://'))
    draft.remark(entry.at, `the layout ${target} becomes the store: name it with --store`)
  const to = target.startsWith('ocidir://') ? 'store' : target
  const keys = {
    ...platformsOf(entry, draft),
    ...referrersOf(entry, defaults, draft),
    ...regsyncTimes(entry, defaults, draft),
  }
  const type = textAt(entry, 'type')
  if (type === 'image') draft.add({ from: withTag(source), to, ...keys }, entry.at)
  else if (type === 'repository' || type === 'registry') {
    const place = type === 'repository' ? { from: source, to } : registryOf(source, to, entry, draft)
    for (const tags of selections(entry, draft)) draft.add({ ...place, tags, ...keys }, entry.at)
  } else
    draft.remark(entry.at, `left out: the type is ${type ?? 'missing'}, not registry, repository or image`)
}

/** The keys of a whole registry. */
function registryOf(source: string, to: string, entry: Node, draft: Draft) {
  const repos = entryOf(entry, 'repos')
  const regex = boundAll(entryOf(repos, 'allow'), draft)
  const exclude = boundAll(entryOf(repos, 'deny'), draft)
  const repositories =
    regex === undefined && exclude === undefined ? undefined : { regex, 'exclude-regex': exclude }
  return { from: `${source}/**`, repositories, to: to === 'store' ? to : `${to}/{repository}` }
}

/** The filters of an entry: of each set, and of `tags` if it is not empty. */
function selections(entry: Node, draft: Draft): unknown[] {
  const sets = itemsOf(entryOf(entry, 'tagSets'))
  const own = entryOf(entry, 'tags')
  const all = fieldsOf(own).length > 0 && own !== undefined ? [...sets, own] : sets
  if (all.length > 1)
    draft.remark(
      all[0]?.at ?? entry.at,
      `${all.length} sets of tags become ${all.length} mirrors of one repository`,
    )
  return all.length === 0 ? ['all'] : all.map((set) => selectionOf(set, draft))
}

function selectionOf(set: Node, draft: Draft): unknown {
  const ranges = itemsOf(entryOf(set, 'semverRange')).map((node) => exactRange(goText(node, draft)))
  const keys = {
    regex: boundAll(entryOf(set, 'allow'), draft),
    'exclude-regex': boundAll(entryOf(set, 'deny'), draft),
    ...(ranges.length === 0 ? {} : { semver: ranges, prereleases: true }),
  }
  const given = Object.entries(keys).filter(([, value]) => value !== undefined)
  return given.length === 0 ? 'all' : Object.fromEntries(given)
}

function boundAll(list: Node | undefined, draft: Draft): string[] | undefined {
  const found = itemsOf(list).flatMap((node) => {
    const regex = goText(node, draft)
    if (bindsPartly(regex))
      draft.remark(
        node.at,
        `regsync reads ${regex} as ^${regex}$ without a group: ^ and $ bind its ends only; so does this file`,
      )
    return bound(regex)
  })
  return found.length === 0 ? undefined : found
}

/** The text of a scalar as Go reads it: a number goes through a float. */
function goText(node: Node, draft: Draft): string {
  const text = textOf(node) ?? ''
  if (node.kind !== 'scalar' || !node.isNumber || !/^[\d.]+$/.test(text)) return text
  const float = String(Number(text))
  if (float !== text)
    draft.remark(
      node.at,
      `regsync reads ${text} without quotes as ${float}, and so does this file; did you mean "${text}"?`,
    )
  return float
}

function platformsOf(entry: Node, draft: Draft) {
  const platform = entryOf(entry, 'platform')
  const platforms = itemsOf(entryOf(entry, 'platforms')).flatMap((node) => textOf(node) ?? [])
  if (platform === undefined) return platforms.length === 0 ? {} : { platforms }
  draft.remark(
    platform.at,
    'regsync puts the manifest of the platform in place of the index; dist rewrites the index to it',
  )
  return { platforms: [textOf(platform) ?? ''], index: 'stripped' }
}

function referrersOf(entry: Node, defaults: Node | undefined, draft: Draft) {
  const [digestTags, referrers] = ['digestTags', 'referrers'].map(
    (key) => entryOf(entry, key) ?? entryOf(defaults, key),
  )
  const on = [digestTags, referrers].filter((node) => textOf(node) === 'true')
  const [first] = on
  if (first === undefined) return {}
  if (on.length === 1)
    draft.remark(
      first.at,
      'dist mirrors referrers and tags of digests (cosign) together: referrers: true means both',
    )
  const filters = itemsOf(entryOf(entry, 'referrerFilters') ?? entryOf(defaults, 'referrerFilters'))
  for (const filter of filters) {
    const annotations = entryOf(filter, 'annotations')
    if (annotations !== undefined)
      draft.remark(
        annotations.at,
        'referrers are not filtered by annotations: all of the artifact type are mirrored',
      )
  }
  const types = filters.map((filter) => textAt(filter, 'artifactType'))
  const named = types.filter((type) => type !== undefined)
  return { referrers: named.length === 0 || named.length < types.length ? true : { 'artifact-types': named } }
}

function remarkForeign(entries: readonly Entry[], draft: Draft): void {
  for (const { key, at } of entries) {
    if (read.has(key) || inherited.includes(key) || key.startsWith('x-')) continue
    const instead = Object.hasOwn(foreign, key) ? foreign[key] : undefined
    draft.remark(at, `${key} has no equivalent${instead === undefined ? '' : `: ${instead}`}`)
  }
}

function ignored(key: string, at: Entry['at'], draft: Draft): void {
  draft.remark(at, `${key} is ignored, as regsync ignores it`)
}

function withTag(source: string): string {
  return /[:@][^/]*$/.test(source) ? source : `${source}:latest`
}
