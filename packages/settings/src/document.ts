import type { z } from 'zod'
import { kebab, mayComeFromFile, variableOf } from './names.js'
import { type ServiceName, type SettingDoc, serviceShapes, settingDocs, sharedKeys } from './schema.js'

const introduction = `# Configuration

Generated from the services’ settings (\`npx tsx --conditions=source infra/container/configuration.ts\`): do not edit.

\`dist coordinator\`, \`dist worker\` and \`dist dashboard\` take each setting from the first of these that has it:

1. the flag;
2. the environment variable, or, for what is or holds a secret, the file that the variable with \`_FILE\` names;
3. the file that \`--config\` or \`DIST_CONFIG\` names;
4. the default.

A variable that is set to nothing counts as not set. What cannot be right is refused at the start, by the name of the
flag, the variable or the key; so are keys in a file that mean nothing. Secrets have no flag, because arguments are
there for everybody on the machine to read.

The file is YAML, JSON, or TOML where its name ends with \`.toml\`. Settings that all services share stand at its top,
those of one service in a section with its name, where shared ones may be said differently:

    queue: redis://redis.internal:6379
    queue-password-file: /run/secrets/queue
    store: s3://images/mirror?endpoint=https://s3.internal&region=eu-1
    worker:
      concurrency: 16
      memory: 512MiB
    dashboard:
      listen: 0.0.0.0:8080
      user: ops
      password-file: /run/secrets/dashboard
`

const sections: Readonly<Record<ServiceName | 'shared', string>> = {
  shared: 'All services',
  coordinator: '`dist coordinator`',
  worker: '`dist worker`',
  dashboard: '`dist dashboard`',
}

/** docs/configuration.md, made from the schema. */
export function documentSettings(): string {
  const shared = { ...serviceShapes.dashboard, ...serviceShapes.worker }
  const of = (service: ServiceName) =>
    Object.entries<z.ZodType>(serviceShapes[service]).filter(([key]) => !sharedKeys.has(key))
  const tables = [
    table(
      sections.shared,
      'worker',
      Object.entries<z.ZodType>(shared).filter(([key]) => sharedKeys.has(key)),
    ),
    'The dashboard needs no store and asks no registry: of these it takes those of the queue and the log.\n',
    ...(['coordinator', 'worker', 'dashboard'] as const).map((each) => table(sections[each], each, of(each))),
  ]
  return `${[introduction, ...tables].join('\n')}`
}

function table(title: string, service: ServiceName, settings: readonly [string, z.ZodType][]): string {
  const rows = settings.map(([key, setting]) => row(service, key, setting))
  return [
    `## ${title}\n`,
    '| flag | variable | default | what it is |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}

function row(service: ServiceName, key: string, setting: z.ZodType): string {
  const doc: SettingDoc = settingDocs.get(setting) ?? { says: '', value: '' }
  const flag = doc.secret ? `(in a file: \`${kebab(key)}\`)` : `\`--${kebab(key)} ${doc.value}\``
  const name = variableOf(service, key)
  const variables = [name, ...(mayComeFromFile(doc) ? [`${name}_FILE`] : []), ...(doc.otherEnv ?? [])]
  const shown = variables.map((each) => `\`${each}\``).join(', ')
  return `| ${flag} | ${shown} | ${defaultOf(setting, doc)} | ${doc.says} |`
}

function defaultOf(setting: z.ZodType, doc: SettingDoc): string {
  if (doc.byDefault !== undefined) return doc.byDefault
  const { defaultValue } = setting.def as { defaultValue?: unknown }
  return defaultValue === undefined ? 'none' : `\`${String(defaultValue)}\``
}
