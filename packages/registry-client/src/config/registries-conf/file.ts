import { promises as fs } from 'node:fs'
import { join } from 'node:path'
import { DistError, errnoOf, sanitize } from '@dist/errdefs'
import { isRecord } from '@dist/oci'
import { formatPrefix, type Locator, parsePrefix } from '@dist/reference'
import { parse, TomlError } from 'smol-toml'
import { unreadableError } from '../directories.js'

/** When a mirror is asked: for all references, or only for those by digest or by tag. */
export type MirrorUse = 'all' | 'digest-only' | 'tag-only'

/** Another place for the repositories below a prefix. */
export interface Place {
  readonly location: Locator
  readonly insecure: boolean
}

/** A `[[registry]]` of containers-registries.conf(5). */
export interface ConfRegistry {
  /** `host[:port][/path]`, or `*.example.com`. */
  readonly prefix: string
  /** Undefined: the place that a reference names. */
  readonly location: Locator | undefined
  readonly insecure: boolean
  readonly blocked: boolean
  readonly mirrors: readonly (Place & { readonly use: MirrorUse })[]
  readonly file: string
}

/**
 * Reads a `registries.conf` of version 2, and the files `*.conf` in the folder of its name with `.d`, in the order of their names:
 * a later file replaces what an earlier one has for a prefix. Within a file the first entry of a prefix counts. Keys for short
 * names are not read. Throws `INVALID_ARGUMENT` for a file that cannot be read or has a mistake.
 */
export async function readRegistriesConf(path: string): Promise<readonly ConfRegistry[]> {
  const byPrefix = new Map<string, ConfRegistry>()
  // From the last to the first: the first entry of a prefix remains.
  for (const file of [path, ...(await dropIns(`${path}.d`))])
    for (const registry of (await readFile(file)).reverse()) byPrefix.set(registry.prefix, registry)
  return [...byPrefix.values()]
}

async function dropIns(folder: string): Promise<string[]> {
  try {
    const names = await fs.readdir(folder)
    return names
      .filter((name) => name.endsWith('.conf'))
      .sort()
      .map((name) => join(folder, name))
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return []
    throw unreadableError(folder, cause)
  }
}

async function readFile(path: string): Promise<ConfRegistry[]> {
  const text = await fs.readFile(path, 'utf8').catch((cause: unknown) => {
    throw unreadableError(path, cause)
  })
  const { registry = [], registries } = parseToml(path, text)
  if (registries !== undefined)
    throw invalid(path, 'has the form of version 1 ([registries.search]): only version 2 is supported')
  if (!Array.isArray(registry)) throw invalid(path, 'registry is not a list: write [[registry]]')
  return registry.map((table: unknown, index) => registryOf(path, `[[registry]] ${index + 1}`, table))
}

function parseToml(path: string, text: string): Record<string, unknown> {
  try {
    return parse(text)
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause
    const [why = ''] = cause.message.split('\n')
    throw invalid(path, `line ${cause.line}: ${sanitize(why, 200)}`)
  }
}

const registryKeys = ['prefix', 'location', 'insecure', 'blocked', 'mirror', 'mirror-by-digest-only']
const mirrorKeys = ['location', 'insecure', 'pull-from-mirror']

function registryOf(path: string, where: string, value: unknown): ConfRegistry {
  const table = tableOf(path, where, value, registryKeys)
  const location = textAt(path, where, table, 'location')
  const given = textAt(path, where, table, 'prefix')
  const place = location === undefined ? undefined : locationOf(path, where, location)
  const prefix = given === undefined ? place && formatPrefix(place) : prefixOf(path, where, given)
  if (prefix === undefined) throw invalid(path, `${where}: has neither prefix nor location`)
  const byDigest = flagAt(path, where, table, 'mirror-by-digest-only')
  const { mirror = [] } = table
  if (!Array.isArray(mirror)) throw invalid(path, `${where}: mirror is not a list: write [[registry.mirror]]`)
  return {
    prefix,
    location: place,
    insecure: flagAt(path, where, table, 'insecure'),
    blocked: flagAt(path, where, table, 'blocked'),
    mirrors: mirror.map((each: unknown, index) =>
      mirrorOf(path, `${where} ("${prefix}"), mirror ${index + 1}`, each, byDigest),
    ),
    file: path,
  }
}

function mirrorOf(path: string, where: string, value: unknown, byDigest: boolean) {
  const table = tableOf(path, where, value, mirrorKeys)
  const location = textAt(path, where, table, 'location')
  if (location === undefined) throw invalid(path, `${where}: has no location`)
  const use = textAt(path, where, table, 'pull-from-mirror')
  if (use !== undefined && byDigest)
    throw invalid(path, `${where}: pull-from-mirror and mirror-by-digest-only exclude each other`)
  return {
    location: locationOf(path, where, location),
    insecure: flagAt(path, where, table, 'insecure'),
    use: byDigest ? ('digest-only' as const) : useOf(path, where, use),
  }
}

function useOf(path: string, where: string, use = 'all'): MirrorUse {
  if (use === 'all' || use === 'digest-only' || use === 'tag-only') return use
  throw invalid(path, `${where}: pull-from-mirror is not all, digest-only or tag-only`)
}

/** Tags and digests in prefixes are refused: an entry that is not applied could be one that blocks. */
function prefixOf(path: string, where: string, given: string): string {
  const text = given.replace(/\/+$/, '')
  const domain = text.startsWith('*.') ? text.slice(2) : undefined
  if (domain?.includes('/'))
    throw invalid(path, `${where}: prefix "${sanitize(text, 100)}": only *.example.com may have a wildcard`)
  const place = placeOf(path, `${where}: prefix`, domain ?? text)
  return domain === undefined ? formatPrefix(place) : `*.${place.host}`
}

function locationOf(path: string, where: string, text: string): Locator {
  return placeOf(path, `${where}: location`, text.replace(/\/+$/, ''))
}

function placeOf(path: string, where: string, text: string): Locator {
  try {
    return parsePrefix(text)
  } catch (cause) {
    if (!(cause instanceof DistError)) throw cause
    throw invalid(path, `${where}: host[:port][/path] without a tag is expected: ${cause.message}`)
  }
}

function tableOf(path: string, where: string, value: unknown, known: readonly string[]) {
  if (!isRecord(value)) throw invalid(path, `${where}: is not a table`)
  const unknown = Object.keys(value).find((key) => !known.includes(key))
  if (unknown !== undefined)
    throw invalid(path, `${where}: unknown key ${sanitize(unknown, 60)}: allowed are ${known.join(', ')}`)
  return value
}

/** An empty text counts as absent, as for podman. */
function textAt(path: string, where: string, table: Record<string, unknown>, key: string) {
  const value = table[key]
  if (value === undefined || value === '') return undefined
  if (typeof value === 'string') return value
  throw invalid(path, `${where}: ${key} is not a text`)
}

function flagAt(path: string, where: string, table: Record<string, unknown>, key: string): boolean {
  const value = table[key] ?? false
  if (typeof value === 'boolean') return value
  throw invalid(path, `${where}: ${key} is neither true nor false`)
}

function invalid(path: string, what: string): DistError {
  return new DistError('INVALID_ARGUMENT', `${path}: ${what}`)
}
