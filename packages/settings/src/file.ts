import { readFile } from 'node:fs/promises'
import { DistError, errnoOf, sanitize } from '@dist/errdefs'
import type { z } from 'zod'
import { kebab, readsFile } from './names.js'
import { docOf, type ServiceName, serviceShapes, sharedKeys } from './schema.js'

/** The settings of a file, not yet checked: those at its top level and those in the section of one service. */
export interface SettingsFile {
  readonly path: string
  readonly shared: Readonly<Record<string, unknown>>
  readonly own: Readonly<Record<string, unknown>>
}

/** The document of a text, or the line of the syntax error, where it is known. */
export type Parsed = { readonly document: unknown } | { readonly brokenAt: number | undefined }

/**
 * Reads a YAML, TOML or JSON file. Throws `INVALID_ARGUMENT` when the file cannot be read or has an unknown key, also in the
 * section of another service: a mistyped key must not select the default.
 */
export async function readSettingsFile(path: string, service: ServiceName): Promise<SettingsFile> {
  const content = await readFile(path, 'utf8').catch((cause: unknown) => {
    const why = errnoOf(cause) ?? 'unknown error'
    throw new DistError('INVALID_ARGUMENT', `${path} cannot be read (${why})`, { cause })
  })
  const document = asRecord(await parse(path, content), `${path}: the file`)
  const sections = new Map<string, Record<string, unknown>>()
  const shared: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(document)) {
    if (key in serviceShapes) sections.set(key, readSection(path, key as ServiceName, value))
    else shared[key] = value
  }
  refuseUnknown(path, '', shared, new Set([...sharedKeys].flatMap(fileKeys)))
  return { path, shared, own: sections.get(service) ?? {} }
}

function readSection(path: string, service: ServiceName, value: unknown): Record<string, unknown> {
  const section = asRecord(value ?? {}, `${path}: ${service}`)
  refuseUnknown(path, `${service}.`, section, new Set(Object.keys(serviceShapes[service]).flatMap(fileKeys)))
  return section
}

/** The keys of a setting in a file: its name and, for a secret, the name with `-file`. */
function fileKeys(key: string): string[] {
  const shapes: readonly Readonly<Record<string, z.ZodType>>[] = Object.values(serviceShapes)
  const setting = shapes.map((shape) => shape[key]).find((each) => each !== undefined)
  const name = kebab(key)
  return setting !== undefined && readsFile(docOf(setting)) ? [name, `${name}-file`] : [name]
}

function refuseUnknown(path: string, section: string, found: object, known: ReadonlySet<string>): void {
  const unknown = Object.keys(found).filter((key) => !known.has(key))
  if (unknown.length === 0) return
  const names = unknown.map((key) => section + sanitize(key, 60)).join(', ')
  throw new DistError('INVALID_ARGUMENT', `${path}: unknown setting ${names}`)
}

async function parse(path: string, content: string): Promise<unknown> {
  const language = path.endsWith('.toml') ? 'TOML' : path.endsWith('.json') ? 'JSON' : 'YAML'
  const { parseText } = await (language === 'TOML' ? import('./toml.js') : import('./yaml.js'))
  const parsed = parseText(content)
  if (!('brokenAt' in parsed)) return parsed.document
  const { brokenAt } = parsed
  const where = brokenAt === undefined ? '' : `: see line ${brokenAt}`
  throw new DistError('INVALID_ARGUMENT', `${path} is not valid ${language}${where}`)
}

function asRecord(value: unknown, subject: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>
  throw new DistError('INVALID_ARGUMENT', `${subject} must map names of settings to values`)
}
