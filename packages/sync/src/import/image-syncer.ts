import { type Entry, entryOf, type Node, type Position } from '../document/node.js'
import type { Draft } from './draft.js'
import { fieldsOf, isOn, itemsOf, textAt, textOf } from './fields.js'
import { searched } from './regex.js'

/** Imports a file of image-syncer: `--images`, `--auth`, or the old `--config`, which has both. */
export function importImageSyncer(root: Node, draft: Draft): void {
  const [auth, images] = [entryOf(root, 'auth'), entryOf(root, 'images')]
  if (auth !== undefined || images !== undefined) {
    // Variables are expanded in the file of --auth only.
    for (const entry of fieldsOf(auth)) importLogin(entry, false, draft)
    for (const entry of fieldsOf(images)) importImages(entry, draft)
    return
  }
  for (const entry of fieldsOf(root))
    if (entry.value.kind === 'map') importLogin(entry, true, draft)
    else importImages(entry, draft)
}

function importLogin({ key, value, at }: Entry, hasVariables: boolean, draft: Draft): void {
  const [host = '', ...path] = key.split('/')
  if (path.length > 0) {
    draft.remark(
      at,
      `left out: credentials of ${key}: a mirror file has one user for each host; use docker’s config.json`,
    )
    return
  }
  const username = textAt(value, 'username') || undefined
  const password = entryOf(value, 'password')
  const variable = hasVariables ? variables(textOf(password) ?? '') : ''
  if (/^\$\{\w+\}$/.test(variable)) draft.registry(host, { username: named(username), password: variable })
  else
    draft.login(host, {
      username: hasVariables ? named(username) : username?.replaceAll('${', '$${'),
      at: (textOf(password) ?? '') === '' ? undefined : password?.at,
    })
  if (!isOn(value, 'insecure')) return
  draft.registry(host, { 'insecure-skip-tls-verify': true })
  draft.remark(at, 'image-syncer then also tries plain http: for a registry without TLS set plain-http')
}

function named(username: string | undefined): string | undefined {
  return username === undefined ? undefined : variables(username)
}

/** `$NAME` as `${NAME}`. */
function variables(text: string): string {
  return text.replace(/\$\{?([A-Za-z_]\w*)\}?/g, (_, name: string) => `\${${name}}`)
}

function importImages({ key, value, at }: Entry, draft: Draft): void {
  const [host = ''] = key.split('/')
  if (!/[.:]/.test(host) && host !== 'localhost') {
    draft.remark(
      at,
      `left out: image-syncer takes ${host} for a registry; write its full name, such as docker.io/${key}`,
    )
    return
  }
  const destinations = itemsOf(value).flatMap((node) => {
    const text = textOf(node)
    return text === undefined ? [] : [variables(text)]
  })
  if (destinations.length === 0) {
    draft.remark(at, 'left out: it has no destination')
    return
  }
  const place = { at, to: [...new Set(destinations)] }
  const source = partsOf(key)
  if (source.regex !== undefined) {
    add({ from: source.repository, tags: { regex: searched(source.regex) } }, place, draft)
    return
  }
  if (source.digest !== undefined) {
    addPinned(key, place, draft)
    return
  }
  if (source.tags.length === 0) {
    add({ from: source.repository, tags: 'all' }, place, draft)
    return
  }
  importTags(source, place, draft)
}

interface Place {
  readonly at: Position
  readonly to: readonly string[]
}

function importTags({ repository, tags }: Parts, { at, to }: Place, draft: Draft): void {
  const plain = to.filter((text) => partsOf(text).tags.length === 0)
  if (plain.length > 0) {
    const one = tags.length === 1
    add(
      one ? { from: `${repository}:${tags[0]}` } : { from: repository, tags: { list: tags } },
      { at, to: plain },
      draft,
    )
  }
  for (const text of to) {
    const { repository: target, tags: renamed } = partsOf(text)
    if (renamed.length === 0) continue
    if (renamed.length !== tags.length)
      draft.remark(
        at,
        `left out: ${text} has another number of tags than its source, which is an error of image-syncer, too`,
      )
    else
      for (const [index, tag] of tags.entries())
        add({ from: `${repository}:${tag}` }, { at, to: [`${target}:${renamed[index]}`] }, draft)
  }
}

function addPinned(from: string, { at, to }: Place, draft: Draft): void {
  add({ from }, { at, to: to.map((text) => text.split('@', 1)[0] ?? '') }, draft)
}

function add(
  keys: { readonly from: string; readonly tags?: unknown },
  { at, to }: Place,
  draft: Draft,
): void {
  draft.add({ ...keys, to: to.length === 1 ? to[0] : to }, at)
}

interface Parts {
  readonly repository: string
  readonly tags: readonly string[]
  readonly digest?: string | undefined
  readonly regex?: string | undefined
}

/** `repository`, `repository:tag,tag`, `repository@digest`, `repository:/regex/`. */
function partsOf(text: string): Parts {
  const [, searchedIn, regex] = /^(.*?):\/(.*)\/$/.exec(text) ?? []
  if (searchedIn !== undefined && regex !== undefined) return { repository: searchedIn, tags: [], regex }
  const [beforeDigest = '', digest] = text.split('@')
  if (digest !== undefined) return { repository: beforeDigest, tags: [], digest }
  const [, repository = text, tags] = /^(.*):([^/]*)$/.exec(text) ?? []
  return { repository, tags: tags === undefined ? [] : tags.split(',').map((tag) => tag.trim()) }
}
