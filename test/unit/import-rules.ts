import { builtinModules } from 'node:module'
import { posix } from 'node:path'
import type { Tree } from './tree.js'

/**
 * What each package may import, beside errdefs and oci: those listed, and what they may import. docs/design.md gives
 * the reasons. Only the packages in `choosers` import drivers.
 */
export const table: Readonly<Record<string, readonly string[]>> = {
  errdefs: [],
  oci: [],
  reference: [],
  locks: [],
  tar: [],
  schedule: [],
  sync: ['settings', 'schedule'],
  content: [],
  'content-local': ['content', 'locks'],
  'content-s3': ['content'],
  images: ['content'],
  archive: ['reference', 'content', 'images', 'tar'],
  rootfs: ['locks', 'content', 'images', 'tar'],
  'registry-server': ['reference', 'content', 'images'],
  'sign-in': ['remotes'],
  'registry-access': ['registry-server', 'sign-in', 'sync'],
  remotes: ['reference', 'content'],
  'registry-client': ['remotes'],
  redis: ['locks', 'remotes'],
  mirror: ['reference', 'locks', 'content', 'images', 'remotes'],
  runs: ['content', 'schedule'],
  api: ['remotes', 'runs'],
  page: ['api'],
  queue: ['mirror', 'redis', 'runs', 'sync'],
  settings: ['remotes', 'schedule'],
  service: ['settings', 'runs', 'remotes'],
  'transfer-threads': ['content-local', 'mirror', 'registry-client'],
  wiring: ['content-local', 'content-s3', 'registry-client', 'transfer-threads', 'queue', 'redis', 'service'],
  testkit: ['reference', 'locks', 'content', 'images', 'remotes'],
}

/** Services import packages. The command starts the other services. */
const services: Readonly<Record<string, readonly string[]>> = {
  coordinator: [],
  worker: [],
  dashboard: [],
  registry: [],
  cli: ['coordinator', 'worker', 'dashboard', 'registry'],
}

/** Drivers of contracts. Only the packages that choose one for its users may import one. */
export const adapters = ['content-local', 'content-s3', 'registry-client', 'redis']
/** The packages that choose drivers. */
export const choosers = ['wiring', 'transfer-threads', 'queue']

/** The @dist packages that one may import, by folder name; undefined for a package that the table does not know. */
function allowedTo(name: string): ReadonlySet<string> | undefined {
  if (name === 'errdefs') return new Set()
  if (name === 'oci') return new Set(['errdefs'])
  const listed = table[name]
  if (listed === undefined) return undefined
  return new Set(['errdefs', 'oci', ...listed, ...listed.flatMap((other) => [...(allowedTo(other) ?? [])])])
}

/**
 * The modules that a source imports, statically, dynamically, for types or to export them again. Strings are not
 * distinguished from code: a text that looks like an import counts as one, so that no import can hide.
 */
export function importsOf(source: string): string[] {
  const code = withoutCommentLines(source)
  const literal = /\b(?:from|import|import\s*\(|require\s*\(|resolve\s*\()\s*(['"`])([@\w.#/][^'"`\s]*)\1/g
  const computed = /\b(?:import|require)\s*\(\s*(?!\s*['"`][@\w.#/][^'"`\s$]*['"`])[^\s)][^)\n]*/g
  const found = [...code.matchAll(literal)].map((match) => match[2] ?? '')
  return [...found, ...[...code.matchAll(computed)].map((match) => `computed: ${match[0]}`)]
}

function withoutCommentLines(source: string): string {
  return source
    .split('\n')
    .filter((line) => !/^\s*(\/\/|\*|\/\*\*)/.test(line))
    .join('\n')
}

/** All breaches of the rules in a tree, one line each. */
export function importBreaches(tree: Tree): string[] {
  const breaches: string[] = []
  for (const [path, source] of tree) {
    const [, folder = '', name = ''] =
      /^((?:packages|services)\/([^/]+))\/src\/.*\.[cm]?tsx?$/.exec(path) ?? []
    if (folder === '') continue
    for (const specifier of importsOf(source)) {
      const breach = breachOf(tree, path, folder, name, specifier)
      if (breach !== undefined) breaches.push(`${path} imports ${specifier}: ${breach}`)
    }
    if (folder.startsWith('packages/') && name !== 'testkit' && readsEnvironment(source))
      breaches.push(`${path} reads the environment: only services do`)
  }
  return breaches
}

function breachOf(
  tree: Tree,
  path: string,
  folder: string,
  name: string,
  specifier: string,
): string | undefined {
  if (specifier.startsWith('computed: ')) return 'not a literal'
  if (specifier.startsWith('.'))
    return posix.join(posix.dirname(path), specifier).startsWith(`${folder}/`)
      ? undefined
      : 'leaves its package'
  if (specifier.startsWith('node:') || builtinModules.includes(specifier)) return undefined
  const target = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
  return (
    (target.startsWith('@dist/') ? directionBreach(folder, name, target.slice(6)) : undefined) ??
    declarationBreach(tree, folder, target)
  )
}

function directionBreach(folder: string, name: string, target: string): string | undefined {
  if (target === 'testkit' && name !== 'testkit') return 'testkit is for tests'
  if (folder.startsWith('services/')) {
    const allowed = services[name]
    if (allowed === undefined) return `the table does not know ${name}`
    return target in table || allowed.includes(target) ? undefined : `${name} must not`
  }
  const allowed = allowedTo(name)
  if (allowed === undefined) return `the table does not know ${name}`
  if (name === 'testkit' && target === 'testkit') return undefined
  return allowed.has(target) ? undefined : `${name} must not`
}

function declarationBreach(tree: Tree, folder: string, target: string): string | undefined {
  const manifest = JSON.parse(tree.get(`${folder}/package.json`) ?? '{}')
  if (manifest.name === target) return undefined
  // The command's imports are bundled into it: an installation fetches nothing else.
  const declared = folder === 'services/cli' ? manifest.devDependencies : manifest.dependencies
  if (!(target in (declared ?? {}))) return 'not among the dependencies in package.json'
  if (!target.startsWith('@dist/')) return undefined
  const references = JSON.parse(tree.get(`${folder}/tsconfig.json`) ?? '{}').references ?? []
  const paths = references.map((reference: { path: string }) => posix.join(folder, reference.path))
  const own = target.slice(6) in table ? 'packages' : 'services'
  return paths.includes(`${own}/${target.slice(6)}`) ? undefined : 'not among the references in tsconfig.json'
}

function readsEnvironment(source: string): boolean {
  return /\bprocess\s*(?:\?\.|\.)\s*env\b|\bprocess\s*\[|\}\s*=\s*process\b(?!\s*\.)|\benv\b[^\n]*from 'node:process'/.test(
    withoutCommentLines(source),
  )
}
