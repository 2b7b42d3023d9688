import { dirname } from 'node:path'
import { DistError, sanitize } from '@dist/errdefs'
import type { z } from 'zod'
import { type Environment, nonEmpty, readSecret } from './environment.js'
import { readSettingsFile, type SettingsFile } from './file.js'
import { absoluteHooks } from './hooks.js'
import { kebab, readsFile, variableOf } from './names.js'
import { absoluteTargets } from './notify-targets.js'
import { absolutePaths } from './registries/schema.js'
import { fillValue } from './registries/variables.js'
import {
  docOf,
  type Flags,
  type ServiceName,
  type SettingDoc,
  type Settings,
  serviceShapes,
} from './schema.js'

/** The value of a setting, and the flag, variable or key that has it. */
interface SettingValue {
  readonly value: unknown
  readonly from: string
}

/** Where settings are looked up, in this order. */
interface Sources {
  readonly flags?: object | undefined
  readonly env: Environment
  readonly file?: SettingsFile | undefined
}

/**
 * The settings of a service: the flag, else the environment variable, else the file that `--config` or `DIST_CONFIG`
 * names, else the default. Throws `INVALID_ARGUMENT` naming the flag, variable or key whose value is not valid. Messages
 * never contain the values of secrets.
 */
export async function readSettings<Name extends ServiceName>(
  service: Name,
  flags: Flags<Name>,
  env: Environment,
): Promise<Settings<Name>> {
  const path = flags.config ?? nonEmpty(env.DIST_CONFIG)
  const file = path === undefined ? undefined : await readSettingsFile(path, service)
  const keys = Object.keys(serviceShapes[service]) as (keyof Settings<Name> & string)[]
  const settings = (await readKeys(service, keys, { flags, env, file })) as Settings<Name>
  return path === undefined ? settings : withAbsolutePaths(settings, dirname(path))
}

/** Paths in the maps of a settings file are relative to its folder. */
function withAbsolutePaths<T extends object>(settings: T, folder: string): T {
  const { registries, notifyTargets, hooks }: Partial<Settings<'coordinator'> & Settings<'dashboard'>> =
    settings
  return {
    ...settings,
    ...(registries === undefined ? {} : { registries: absolutePaths(registries, folder) }),
    ...(notifyTargets === undefined ? {} : { notifyTargets: absoluteTargets(notifyTargets, folder) }),
    ...(hooks === undefined ? {} : { hooks: absoluteHooks(hooks, folder) }),
  }
}

/** As `readSettings`, for some settings of a service. */
export async function readKeys<Name extends ServiceName, Key extends keyof Settings<Name> & string>(
  service: Name,
  keys: readonly Key[],
  { flags = {}, env, file }: Sources,
): Promise<Pick<Settings<Name>, Key>> {
  const shape: Readonly<Record<string, z.ZodType>> = serviceShapes[service]
  const settings: Record<string, unknown> = {}
  for (const key of keys) {
    const setting = shape[key] as z.ZodType
    const doc = docOf(setting)
    const given =
      fromFlags(key, doc, flags) ??
      (await fromEnvironment(service, key, doc, env)) ??
      (await fromFile(key, doc, file))
    const value = parseValue(setting, doc, doc.fileOnly ? filled(given, env) : given)
    if (value !== undefined) settings[key] = value
  }
  return settings as Pick<Settings<Name>, Key>
}

function fromFlags(key: string, doc: SettingDoc, flags: object): SettingValue | undefined {
  const value: unknown = Reflect.get(flags, key)
  return value === undefined || doc.secret || doc.fileOnly ? undefined : { value, from: `--${kebab(key)}` }
}

async function fromEnvironment(
  service: ServiceName,
  key: string,
  doc: SettingDoc,
  env: Environment,
): Promise<SettingValue | undefined> {
  if (doc.fileOnly) return undefined
  const name = variableOf(service, key)
  const secret = readsFile(doc) ? await secretFrom(`${name}_FILE`, env[`${name}_FILE`]) : undefined
  const direct = [name, ...(doc.otherVariables ?? [])]
    .map((from) => ({ from, value: nonEmpty(env[from]) }))
    .find(({ value }) => value !== undefined)
  return direct?.from === name ? exclusive(direct, secret) : (secret ?? direct)
}

async function fromFile(
  key: string,
  doc: SettingDoc,
  file: SettingsFile | undefined,
): Promise<SettingValue | undefined> {
  for (const section of file === undefined ? [] : [file.own, file.shared]) {
    const from = `${kebab(key)} in ${file?.path}`
    const value = section[kebab(key)]
    const path = readsFile(doc) ? section[`${kebab(key)}-file`] : undefined
    const secret = await secretFrom(`${kebab(key)}-file in ${file?.path}`, path)
    const given = exclusive(value === undefined || value === null ? undefined : { value, from }, secret)
    if (given !== undefined) return given
  }
  return undefined
}

async function secretFrom(from: string, path: unknown): Promise<SettingValue | undefined> {
  if (path === undefined || path === null || path === '') return undefined
  if (typeof path !== 'string')
    throw new DistError('INVALID_ARGUMENT', `${from}: the path of a file is expected`)
  return { value: await readSecret(path, from), from }
}

function exclusive(
  direct: SettingValue | undefined,
  secret: SettingValue | undefined,
): SettingValue | undefined {
  if (direct === undefined || secret === undefined) return direct ?? secret
  throw new DistError(
    'INVALID_ARGUMENT',
    `${direct.from} and ${secret.from} are both set: set only one of them`,
  )
}

function filled(given: SettingValue | undefined, env: Environment): SettingValue | undefined {
  return given === undefined ? undefined : { ...given, value: fillValue(given.value, env, given.from) }
}

function parseValue(setting: z.ZodType, doc: SettingDoc, given: SettingValue | undefined): unknown {
  const result = setting.safeParse(given?.value)
  if (result.success) return result.data
  const expected = sayIssue(result.error.issues[0])
  const isSecret = doc.secret || doc.sensitive || doc.fileOnly
  const actual = isSecret ? '' : `, not ${sanitize(JSON.stringify(given?.value) ?? '', 60)}`
  throw new DistError('INVALID_ARGUMENT', `${given?.from}: ${expected}${actual}`)
}

/** What is expected, behind the key within a map. */
function sayIssue(issue: z.core.$ZodIssue | undefined): string {
  if (issue === undefined) return 'the value is not valid'
  const [inner] = issue.code === 'invalid_key' ? issue.issues : []
  const key = issue.path.length === 0 ? '' : `${sanitize(issue.path.join('.'), 200)}: `
  return `${key}${(inner ?? issue).message}`
}
