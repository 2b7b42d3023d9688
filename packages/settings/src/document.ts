import type { z } from 'zod'
import { kebab, readsFile, variableOf } from './names.js'
import { docOf, type ServiceName, type SettingDoc, serviceShapes, sharedKeys } from './schema.js'

const introduction = `# Configuration

Generated from the settings of the services (\`npx tsx --conditions=source infra/container/configuration.ts\`). Do not edit.

\`dist coordinator\`, \`dist worker\`, \`dist dashboard\` and \`dist serve\` read each setting from the first of these sources that has it:

1. the flag
2. the environment variable; or, for a secret, the file that the variable with the suffix \`_FILE\` names
3. the file that \`--config\` or \`DIST_CONFIG\` names
4. the default

An empty variable counts as not set. A service refuses to start when a value is not valid or a key in the file is unknown. The error names the flag, the
variable or the key. Secrets have no flags, because every user of the machine can read the arguments of a process.

The file is YAML or JSON; it is TOML when its name ends with \`.toml\`. Shared settings stand at the top level. The settings of one service stand in a
section with the name of the service. A shared setting in such a section overrides the one at the top level:

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
    registries:
      registry.example.com: { username: robot, password-file: /run/secrets/registry, ca-file: ca.pem }
`

const sections: Readonly<Record<ServiceName | 'shared', string>> = {
  shared: 'All services',
  coordinator: '`dist coordinator`',
  worker: '`dist worker`',
  dashboard: '`dist dashboard`',
  registry: '`dist serve`',
}

/** The text of docs/configuration.md, generated from the schema. */
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
    'The dashboard has only the settings of the queue, the log and the shutdown: it uses no store and no registry. `dist serve` has these, too,\nwith no queue by default, and `store` and `s3-requests`.\n',
    ...(['coordinator', 'worker', 'dashboard', 'registry'] as const).map((each) =>
      table(sections[each], each, of(each)),
    ),
  ]
  return `${[introduction, ...tables].join('\n')}`
}

function table(title: string, service: ServiceName, settings: readonly [string, z.ZodType][]): string {
  const rows = settings.map(([key, setting]) => row(service, key, setting))
  return [
    `## ${title}\n`,
    '| flag | variable | default | description |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}

function row(service: ServiceName, key: string, setting: z.ZodType): string {
  const doc = docOf(setting)
  const flag =
    doc.secret || doc.fileOnly
      ? `(in a file: \`${kebab(key)}\`)`
      : `\`${`--${kebab(key)} ${doc.placeholder}`.trim()}\``
  const name = variableOf(service, key)
  if (doc.fileOnly) return `| ${flag} | none | ${defaultOf(setting, doc)} | ${doc.description} |`
  const variables = [name, ...(readsFile(doc) ? [`${name}_FILE`] : []), ...(doc.otherVariables ?? [])]
  const listed = variables.map((each) => `\`${each}\``).join(', ')
  return `| ${flag} | ${listed} | ${defaultOf(setting, doc)} | ${doc.description} |`
}

function defaultOf(setting: z.ZodType, doc: SettingDoc): string {
  if (doc.defaultText !== undefined) return doc.defaultText
  const { defaultValue } = setting.def as { defaultValue?: unknown }
  return defaultValue === undefined ? 'none' : `\`${String(defaultValue)}\``
}
