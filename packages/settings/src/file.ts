import { readFile } from 'node:fs/promises'
import { DistError, errnoOf, sanitize } from '@dist/errdefs'
import { kebab, mayComeFromFile } from './names.js'
import { type ServiceName, serviceShapes, settingDocs, sharedKeys } from './schema.js'

/** A file's settings as they stand there: those at its top and those of one service. */
export interface SettingsFile {
  readonly path: string
  readonly shared: Readonly<Record<string, unknown>>
  readonly own: Readonly<Record<string, unknown>>
}

/** A text's document, or the line where it stops being one, where that is known. */
export type Parsed = { readonly document: unknown } | { readonly brokenAt: number | undefined }

/**
 * Reads a YAML, TOML or JSON file. Throws `INVALID_ARGUMENT` when it cannot be read and for keys that mean nothing,
 * in the sections of other services, too: a mistyped key must not pass for a default.
 */
export async function readSettingsFile(path: string, service: ServiceName): Promise<SettingsFile> {
  const content = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new DistError('INVALID_ARGUMENT', `${path} cannot be read (${errnoOf(cause) ?? 'unknown'})`, {
      cause,
    })
  })
  const document = recordOf(await parse(path, content), `${path}: the file`)
  const sections = new Map<string, Record<string, unknown>>()
  const shared: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(document)) {
    if (key in serviceShapes) sections.set(key, sectionOf(path, key as ServiceName, value))
    else shared[key] = value
  }
  refuseUnknown(path, '', shared, new Set([...sharedKeys].flatMap(fileKeys)))
  return { path, shared, own: sections.get(service) ?? {} }
}

function sectionOf(path: string, service: ServiceName, value: unknown): Record<string, unknown> {
  const section = recordOf(value ?? {}, `${path}: ${service}`)
  refuseUnknown(path, `${service}.`, section, new Set(Object.keys(serviceShapes[service]).flatMap(fileKeys)))
  return section
}

/** A key as files write it, and that with `-file` where a secret may stand in a file of its own. */
function fileKeys(key: string): string[] {
  const shapes: Record<string, (typeof serviceShapes.worker)['queue']>[] = Object.values(
    serviceShapes,
  ) as never
  const setting = shapes.map((shape) => shape[key]).find((each) => each !== undefined)
  const doc = setting === undefined ? undefined : settingDocs.get(setting)
  return mayComeFromFile(doc) ? [kebab(key), `${kebab(key)}-file`] : [kebab(key)]
}

function refuseUnknown(path: string, section: string, found: object, known: ReadonlySet<string>): void {
  const unknown = Object.keys(found).filter((key) => !known.has(key))
  if (unknown.length === 0) return
  const names = unknown.map((key) => section + sanitize(key, 60)).join(', ')
  throw new DistError('INVALID_ARGUMENT', `${path}: there is no setting ${names}`)
}

async function parse(path: string, content: string): Promise<unknown> {
  const language = path.endsWith('.toml') ? 'TOML' : path.endsWith('.json') ? 'JSON' : 'YAML'
  const { parseText } = await (language === 'TOML' ? import('./toml.js') : import('./yaml.js'))
  const parsed = parseText(content)
  if (!('brokenAt' in parsed)) return parsed.document
  const { brokenAt } = parsed
  const where = brokenAt === undefined ? '' : `: see line ${brokenAt}`
  throw new DistError('INVALID_ARGUMENT', `${path} is no ${language}${where}`)
}

function recordOf(value: unknown, what: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>
  throw new DistError('INVALID_ARGUMENT', `${what} must hold settings by their names`)
}
