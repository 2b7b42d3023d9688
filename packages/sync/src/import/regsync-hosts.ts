import { entryOf, type Node } from '../document/node.js'
import type { Draft } from './draft.js'
import { fieldsOf, itemsOf, textAt, textOf } from './fields.js'
import { expandTemplate, fileOf } from './templates.js'

const read = new Set(['registry', 'user', 'pass', 'tls', 'regcert', 'mirrors'])

const foreign: Readonly<Record<string, string>> = {
  hostname: 'name the host of the registry in hosts.toml',
  pathPrefix: 'put the prefix into hosts.toml of the mirror (override_path)',
  credHelper: 'name the helper in docker’s config.json',
  credExpire: 'dist asks a helper when it needs credentials',
  clientCert: 'put the certificate into hosts.toml (client)',
  clientKey: 'put the key into hosts.toml (client)',
  reqConcurrent: 'the number of simultaneous requests is --requests-per-host of dist mirror',
  repoAuth: 'dist asks for a token for each repository',
}

/** Imports an entry of `creds`. */
export function importHost(host: Node, draft: Draft): void {
  const name = expandTemplate(entryOf(host, 'registry'), draft)
  if (name === undefined) {
    draft.remark(host.at, 'left out: credentials without a registry')
    return
  }
  importLogin(name, host, draft)
  const tls = textAt(host, 'tls') ?? (textAt(host, 'scheme') === 'http' ? 'disabled' : undefined)
  const mirrors = itemsOf(entryOf(host, 'mirrors')).flatMap((node) => textOf(node) ?? [])
  draft.registry(name, {
    'plain-http': tls === 'disabled' ? true : undefined,
    'insecure-skip-tls-verify': tls === 'insecure' ? true : undefined,
    'ca-file': authorityOf(name, entryOf(host, 'regcert'), draft),
    mirrors: mirrors.length === 0 ? undefined : mirrors,
  })
  for (const { key, at } of fieldsOf(host)) {
    if (read.has(key) || key === 'scheme' || key.startsWith('x-')) continue
    const instead = Object.hasOwn(foreign, key) ? foreign[key] : undefined
    draft.remark(at, `${key} has no equivalent${instead === undefined ? '' : `: ${instead}`}`)
  }
}

function importLogin(name: string, host: Node, draft: Draft): void {
  const [user, pass] = [entryOf(host, 'user'), entryOf(host, 'pass')]
  const file = fileOf(pass)
  const isVariable = /^\$\{\w+\}$/.test(variableOf(pass))
  if (file !== undefined)
    draft.registry(name, { username: expandTemplate(user, draft), 'password-file': file })
  else if (isVariable)
    draft.registry(name, { username: expandTemplate(user, draft), password: variableOf(pass) })
  else if (user !== undefined || pass !== undefined)
    draft.login(name, { username: expandTemplate(user, draft), at: pass?.at })
}

function variableOf(node: Node | undefined): string {
  return (
    textOf(node)?.replace(/^\{\{-?\s*env\s+"([A-Za-z_]\w*)"\s*-?\}\}$/, (_, name: string) => `\${${name}}`) ??
    ''
  )
}

/** The text of a certificate has to become a file. */
function authorityOf(name: string, node: Node | undefined, draft: Draft): string | undefined {
  if (node === undefined) return undefined
  const given = fileOf(node)
  if (given !== undefined) return given
  const file = `${name.replace(/[^\w.-]+/g, '_')}.pem`
  draft.remark(node.at, `put the certificate into the file ${file}, beside the mirror file`)
  return file
}
