import { DistError, sanitize } from '@dist/errdefs'
import type { z } from 'zod'
import { type Environment, nonEmpty } from './environment.js'
import { readSettingsFile, type SettingsFile } from './file.js'
import { kebab, mayComeFromFile, variableOf } from './names.js'
import {
  type Flags,
  type ServiceName,
  type SettingDoc,
  type Settings,
  serviceShapes,
  settingDocs,
} from './schema.js'
import { readSecret } from './secret.js'

/** A value and who gave it. */
interface Given {
  readonly value: unknown
  readonly from: string
}

/**
 * What a service runs with: the flag, else the environment, else the file that `--config` or `DIST_CONFIG` names,
 * else the default. Throws `INVALID_ARGUMENT` naming the flag, variable or key that cannot be right; values of
 * secrets are never repeated.
 */
export async function readSettings<Name extends ServiceName>(
  service: Name,
  flags: Flags<Name>,
  env: Environment,
): Promise<Settings<Name>> {
  const path = flags.config ?? nonEmpty(env.DIST_CONFIG)
  const file = path === undefined ? undefined : await readSettingsFile(path, service)
  const settings: Record<string, unknown> = {}
  for (const [key, setting] of Object.entries<z.ZodType>(serviceShapes[service])) {
    const doc = settingDocs.get(setting) ?? { says: '', value: '' }
    const given =
      fromFlags(key, doc, flags) ??
      (await fromEnvironment(service, key, doc, env)) ??
      (await fromFile(key, doc, file))
    const value = check(setting, doc, given)
    if (value !== undefined) settings[key] = value
  }
  return settings as Settings<Name>
}

function fromFlags(key: string, doc: SettingDoc, flags: object): Given | undefined {
  const value: unknown = Reflect.get(flags, key)
  return value === undefined || doc.secret ? undefined : { value, from: `--${kebab(key)}` }
}

async function fromEnvironment(
  service: ServiceName,
  key: string,
  doc: SettingDoc,
  env: Environment,
): Promise<Given | undefined> {
  const name = variableOf(service, key)
  const secret = mayComeFromFile(doc) ? await secretFrom(`${name}_FILE`, env[`${name}_FILE`]) : undefined
  const direct = [name, ...(doc.otherEnv ?? [])]
    .map((from) => ({ from, value: nonEmpty(env[from]) }))
    .find(({ value }) => value !== undefined)
  return direct?.from === name ? onlyOne(direct, secret) : (secret ?? direct)
}

async function fromFile(
  key: string,
  doc: SettingDoc,
  file: SettingsFile | undefined,
): Promise<Given | undefined> {
  for (const section of file === undefined ? [] : [file.own, file.shared]) {
    const from = `${kebab(key)} in ${file?.path}`
    const value = section[kebab(key)]
    const path = mayComeFromFile(doc) ? section[`${kebab(key)}-file`] : undefined
    const secret = await secretFrom(`${kebab(key)}-file in ${file?.path}`, path)
    const given = onlyOne(value === undefined || value === null ? undefined : { value, from }, secret)
    if (given !== undefined) return given
  }
  return undefined
}

async function secretFrom(from: string, path: unknown): Promise<Given | undefined> {
  if (path === undefined || path === null || path === '') return undefined
  if (typeof path !== 'string')
    throw new DistError('INVALID_ARGUMENT', `${from}: the path of a file is expected`)
  return { value: await readSecret(path, from), from }
}

function onlyOne(direct: Given | undefined, secret: Given | undefined): Given | undefined {
  if (direct === undefined || secret === undefined) return direct ?? secret
  throw new DistError('INVALID_ARGUMENT', `${direct.from} and ${secret.from} are both set: give one of them`)
}

function check(setting: z.ZodType, doc: SettingDoc, given: Given | undefined): unknown {
  const result = setting.safeParse(given?.value)
  if (result.success) return result.data
  const what = result.error.issues[0]?.message ?? 'is not right'
  const shown = doc.secret || doc.delicate ? '' : `, not ${sanitize(JSON.stringify(given?.value) ?? '', 60)}`
  throw new DistError('INVALID_ARGUMENT', `${given?.from}: ${what}${shown}`)
}
