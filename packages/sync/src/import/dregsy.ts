import { entryOf, type Node } from '../document/node.js'
import type { Draft } from './draft.js'
import { fieldsOf, isOn, itemsOf, textAt, textOf } from './fields.js'
import { bindsPartly, bound } from './regex.js'
import { dregsyTimes } from './times.js'

const foreign: Readonly<Record<string, string>> = {
  relay: 'dist copies itself',
  watch: 'dist mirror --watch reads its file again when it has changed',
  skopeo: 'certificates belong into registries or hosts.toml',
  docker: 'dist needs no docker daemon',
  dockerhost: 'dist needs no docker daemon',
  'api-version': 'dist needs no docker daemon',
  lister: 'listings are not cached, and have no maximum',
}

/** Imports a file of dregsy. */
export function importDregsy(root: Node, draft: Draft): void {
  remarkForeign(root, ['tasks'], draft)
  for (const task of itemsOf(entryOf(root, 'tasks'))) importTask(task, draft)
}

function remarkForeign(node: Node, read: readonly string[], draft: Draft): void {
  for (const { key, at } of fieldsOf(node)) {
    if (read.includes(key)) continue
    const instead = Object.hasOwn(foreign, key) ? foreign[key] : undefined
    draft.remark(at, `${key} has no equivalent${instead === undefined ? '' : `: ${instead}`}`)
  }
}

function importTask(task: Node, draft: Draft): void {
  remarkForeign(task, ['name', 'verbose', 'interval', 'source', 'target', 'mappings'], draft)
  const [source, target] = ['source', 'target'].map((key) => importLocation(entryOf(task, key), draft))
  if (source === undefined || target === undefined) {
    draft.remark(task.at, 'left out: a registry of source or target is missing')
    return
  }
  const name = textAt(task, 'name') ?? 'task'
  const times = dregsyTimes(task, draft)
  for (const mapping of itemsOf(entryOf(task, 'mappings')))
    importMapping(mapping, { name, times, source, target }, draft)
}

/** The host of a location. */
function importLocation(location: Node | undefined, draft: Draft): string | undefined {
  const given = textAt(location, 'registry')
  const host = given === 'registry.hub.docker.com' ? 'docker.io' : given
  if (location === undefined || host === undefined) return undefined
  const auth = entryOf(location, 'auth')
  if (auth !== undefined && textOf(auth) !== 'none')
    draft.login(host, { username: userOf(textOf(auth) ?? ''), at: auth.at })
  if (isOn(location, 'skip-tls-verify')) {
    draft.registry(host, { 'insecure-skip-tls-verify': true })
    draft.remark(location.at, 'dregsy then also tries plain http: for a registry without TLS set plain-http')
  }
  for (const { key, at } of fieldsOf(location)) {
    if (key === 'auth-refresh')
      draft.remark(at, 'auth-refresh has no equivalent: name a credential helper in docker’s config.json')
    if (key === 'lister') draft.remark(at, 'how repositories are listed is "discovery" of a mirror')
  }
  return host
}

/** The user in base64 of a JSON object. The password is not read. */
function userOf(auth: string): string | undefined {
  try {
    const { username }: { username?: unknown } = JSON.parse(Buffer.from(auth, 'base64').toString())
    return typeof username === 'string' ? username : undefined
  } catch {
    return undefined
  }
}

interface Task {
  readonly name: string
  /** When it runs. */
  readonly times: Readonly<Record<string, string>>
  readonly source: string
  readonly target: string
}

function importMapping(mapping: Node, task: Task, draft: Draft): void {
  const from = textAt(mapping, 'from')
  if (from === undefined) {
    draft.remark(mapping.at, 'left out: from is missing')
    return
  }
  const to = destinationOf(mapping, from, task, draft)
  if (to === undefined) return
  const keys = { ...sourceOf(from, task), to, ...platformOf(mapping, draft), ...task.times }
  for (const tags of selections(mapping, draft)) {
    const { digest, ...selection } = tags
    draft.add(
      digest === undefined
        ? { name: task.name, ...keys, ...selection }
        : { ...keys, from: `${keys.from}${digest}`, name: task.name },
      mapping.at,
    )
  }
}

function sourceOf(from: string, { source }: Task) {
  const regex = regexOf(from)
  if (regex === undefined) return { from: `${source}/${from.replace(/^\//, '')}` }
  // Less to list, and Docker Hub lists one namespace at a time.
  const [folder = ''] = bindsPartly(regex) ? [] : (/^\^?((?:[a-z0-9_-]+\/)+)/.exec(regex)?.slice(1) ?? [])
  return { from: `${source}/${folder}**`, repositories: { regex: bound(regex) } }
}

function destinationOf(mapping: Node, from: string, { target }: Task, draft: Draft): string | undefined {
  const to = textAt(mapping, 'to')?.replace(/^\//, '')
  if (to !== undefined && regexOf(to) !== undefined) {
    draft.remark(
      mapping.at,
      `left out: the destination ${to} replaces by a regular expression: write a template such as ${target}/prod/{repository}`,
    )
    return undefined
  }
  if (to === undefined) return `${target}/{repository}`
  return regexOf(from) === undefined ? `${target}/${to}` : `${target}/${to}/{repository}`
}

function platformOf(mapping: Node, draft: Draft) {
  const platform = textAt(mapping, 'platform')
  if (platform === 'all') return {}
  if (platform !== undefined) return { platforms: [platform], index: 'stripped' }
  draft.remark(
    mapping.at,
    'dregsy copies the platform of its machine only; this file mirrors all platforms: add "platforms" for less',
  )
  return {}
}

interface Selection {
  readonly tags?: unknown
  /** `:tag@digest` or `@digest`, of one image. */
  readonly digest?: string | undefined
}

/** Not versions for dregsy, though they are for dist: short ones with a suffix, and those of more than three numbers. */
const noVersions = ['v?[0-9]+(\\.[0-9]+)?-.*', 'v?[0-9]+(\\.[0-9]+){3,}.*']

/** The filters of a mapping are alternatives: each kind becomes a mirror of its own. */
function selections(mapping: Node, draft: Draft): Selection[] {
  const items = itemsOf(entryOf(mapping, 'tags')).flatMap((node) => textOf(node) ?? [])
  const of = (kind: string) =>
    items.filter((item) => item.startsWith(`${kind}:`)).map((item) => item.slice(kind.length + 1).trim())
  const [ranges, regexes, keeps] = [of('semver'), of('regex'), of('keep')]
  const verbatim = items.filter((item) => !/^(?:semver|regex|keep):/.test(item))
  const pinned = verbatim.filter((item) => item.includes('sha256:'))
  const list = verbatim.filter((item) => !item.includes('sha256:'))
  const positive = regexes.filter((regex) => !regex.startsWith('!')).flatMap(bound)
  const filters: Record<string, unknown>[] = [
    ...(ranges.length === 0 ? [] : [{ semver: ranges, prereleases: true, 'exclude-regex': noVersions }]),
    ...(positive.length === 0 ? [] : [{ regex: positive }]),
    ...regexes
      .filter((regex) => regex.startsWith('!'))
      .map((regex) => ({ 'exclude-regex': bound(regex.slice(1)) })),
  ]
  if (items.length === 0 || (keeps.length > 0 && filters.length === 0)) filters.push({})
  if (filters.length > 1)
    draft.remark(
      mapping.at,
      `the filters of this mapping are alternatives: they become ${filters.length} mirrors`,
    )
  return [
    ...(list.length === 0 ? [] : [{ tags: { list } }]),
    ...pinned.map((item) => ({ digest: item.startsWith('sha256:') ? `@${item}` : `:${item}` })),
    ...filters.map((filter) => ({ tags: kept(filter, keeps, filters.length, mapping, draft) })),
  ]
}

/** Applies the `keep` lines to a filter. */
function kept(
  filter: Record<string, unknown>,
  keeps: readonly string[],
  filters: number,
  mapping: Node,
  draft: Draft,
): unknown {
  const keys = { ...filter }
  const excluded = keeps.filter((keep) => keep.startsWith('!')).flatMap((keep) => bound(keep.slice(1)))
  if (excluded.length > 0)
    keys['exclude-regex'] = [...((keys['exclude-regex'] as string[] | undefined) ?? []), ...excluded]
  const latest = keeps.filter((keep) => /^latest \d+$/.test(keep)).at(-1)
  if (latest !== undefined) {
    keys.newest = Number(latest.slice(7))
    const each = filters > 1 ? ', and applies to each of the mirrors' : ''
    draft.remark(
      mapping.at,
      `keep: ${latest} becomes newest: tags that are not versions count as the oldest here; dregsy keeps them${each}`,
    )
  }
  const wanted = keeps.filter((keep) => !keep.startsWith('!') && !/^latest \d+$/.test(keep))
  if (wanted.length === 1 && keys.regex === undefined) keys.regex = bound(wanted[0] ?? '')
  else if (wanted.length > 0)
    draft.remark(
      mapping.at,
      `keep: ${wanted.join(', keep: ')} is left out: two regular expressions that both have to match are not possible`,
    )
  return Object.keys(keys).length === 0 ? 'all' : keys
}

function regexOf(text: string): string | undefined {
  return text.startsWith('regex:') ? text.slice('regex:'.length) : undefined
}
