import { type Entry, entryOf, type Node } from '../document/node.js'
import type { Draft } from './draft.js'
import { fieldsOf, itemsOf, textAt, textOf } from './fields.js'
import { splitByPrereleases } from './ranges.js'
import { searched } from './regex.js'

const selections = ['images', 'images-by-tag-regex', 'images-by-semver']

/** Imports a file of `skopeo sync --src yaml`. */
export function importSkopeo(root: Node, draft: Draft): void {
  draft.remark(
    root.at,
    'the destination of skopeo sync stands on its command line: add "to" to "defaults", such as registry.example.com/{name}, or registry.example.com/{registry}/{repository} for --scoped',
  )
  draft.remark(
    root.at,
    'without --all, skopeo copies the platform of its machine only; this file mirrors all platforms: add "platforms" to "defaults" for less',
  )
  for (const { key: host, value, at } of fieldsOf(root)) {
    if (!fieldsOf(value).some(({ key }) => selections.includes(key)))
      draft.remark(at, `no images are selected from ${host}`)
    for (const field of fieldsOf(value)) importField(host, field, draft)
  }
}

function importField(host: string, { key, value, at }: Entry, draft: Draft): void {
  switch (key) {
    case 'images':
      for (const repository of fieldsOf(value)) importTags(host, repository, draft)
      return
    case 'images-by-tag-regex':
      for (const { key: name, value: regex, at: place } of fieldsOf(value))
        draft.add({ from: sourceOf(host, name), tags: { regex: searched(textOf(regex) ?? '') } }, place)
      return
    case 'images-by-semver':
      for (const repository of fieldsOf(value)) importRange(host, repository, draft)
      return
    case 'credentials':
      importCredentials(host, value, draft)
      return
    case 'tls-verify':
      if (textOf(value) !== 'false') return
      draft.registry(host, { 'insecure-skip-tls-verify': true })
      draft.remark(at, 'skopeo then also tries plain http: for a registry without TLS set plain-http')
      return
    case 'cert-dir':
      draft.remark(
        at,
        'name the certificates of the folder one by one: ca-file here, client certificates in hosts.toml',
      )
      return
    default:
      draft.remark(at, `${key} is ignored, as skopeo ignores it`)
  }
}

function importTags(host: string, { key, value, at }: Entry, draft: Draft): void {
  const from = sourceOf(host, key)
  const items = itemsOf(value).flatMap((node) => textOf(node) ?? [])
  const digests = items.filter((item) => item.includes(':'))
  const tags = items.filter((item) => !item.includes(':'))
  if (items.length === 0) draft.add({ from, tags: 'all' }, at)
  if (tags.length > 0) draft.add({ from, tags: { list: tags } }, at)
  for (const digest of digests) draft.add({ from: `${from}@${digest}` }, at)
}

function importRange(host: string, { key, value, at }: Entry, draft: Draft): void {
  const { releases, all } = splitByPrereleases(textOf(value) ?? '')
  const from = sourceOf(host, key)
  if (releases.length > 0) draft.add({ from, tags: { semver: releases } }, at)
  if (all.length > 0) draft.add({ from, tags: { semver: all, prereleases: true } }, at)
}

function importCredentials(host: string, value: Node, draft: Draft): void {
  const password = entryOf(value, 'password')
  const token = entryOf(value, 'identitytoken')
  if (token !== undefined) draft.remark(token.at, 'an identity token is not copied: use dist login')
  if (token === undefined || password !== undefined)
    draft.login(host, { username: textAt(value, 'username'), at: password?.at })
}

function sourceOf(host: string, repository: string): string {
  return `${host}/${repository}`
}
