import { availableParallelism } from 'node:os'
import { parseNet } from '@dist/remotes'
import { z } from 'zod'
import { type ListenAddress, parseDuration, parseListen, parseSize } from './units.js'

/** What a setting is, for people and for those who read it. */
export interface SettingDoc {
  /** One sentence or two, in Markdown. */
  readonly says: string
  /** What stands behind the flag: `<url>`. */
  readonly value: string
  /** Names beside `DIST_...` that are read after it. */
  readonly otherEnv?: readonly string[] | undefined
  /** Never a flag, because arguments are there for everybody to read. */
  readonly secret?: true | undefined
  /** Holds a secret as well as what is none: never repeated in a message, may come from a file. */
  readonly delicate?: true | undefined
  /** The default in words, where it is none that the schema knows. */
  readonly byDefault?: string | undefined
}

/** What is said of each setting. */
export const settingDocs = z.registry<SettingDoc>()

/** A value that is written as text, or given as it is. */
function written<T>(parse: (text: string) => T | undefined, expected: string) {
  return z.union([z.string(), z.number()]).transform((value, context) => {
    const parsed = parse(String(value).trim())
    if (parsed !== undefined) return parsed
    context.addIssue({ code: 'custom', message: expected })
    return z.NEVER
  })
}

const count = (most: number) =>
  written((text) => {
    const number = /^\d+$/.test(text) ? Number(text) : 0
    return number >= 1 && number <= most ? number : undefined
  }, `a whole number from 1 to ${most} is expected`)

const size = (least: number, shown: string) =>
  written((text) => {
    const bytes = parseSize(text)
    return bytes !== undefined && bytes >= least ? bytes : undefined
  }, `a size of at least ${shown}, such as 256MiB, is expected`)

const duration = written(parseDuration, 'a duration such as 30s or 1m30s is expected')
const listen = written<ListenAddress>(parseListen, 'host:port is expected, such as 127.0.0.1:9464')
const text = z.string('a text is expected').trim().min(1, 'must not be empty').max(4096, 'is too long')

/** One after the other: `a,b`, or a list where the source knows lists. */
const list = z.union([text.transform((value) => value.split(',').map((part) => part.trim())), z.array(text)])

const redisUrl = text.refine(
  (value) => /^rediss?:\/\/[^/]/.test(value) && URL.canParse(value),
  'redis://host:port or rediss://host:port is expected',
)

const netList = list.refine(
  (texts) => texts.every((text) => parseNet(text) !== undefined),
  'addresses or nets such as 10.0.0.0/8 are expected',
)

/** Where services find the queue. Each sort of service has these. */
const queueShape = {
  queue: redisUrl.default('redis://127.0.0.1:6379').register(settingDocs, {
    says: 'The Redis or Valkey that carries the queue, `redis://` or `rediss://`; user and password may stand in it. Another number behind the slash (`redis://host/1`) is another queue.',
    value: '<url>',
    otherEnv: ['REDIS_URL'],
    delicate: true,
  }),
  queueUsername: text.optional().register(settingDocs, {
    says: 'The user to sign in as, in place of the URL’s.',
    value: '<name>',
  }),
  queuePassword: text.optional().register(settingDocs, {
    says: 'The password to sign in with, in place of the URL’s.',
    value: '<password>',
    secret: true,
  }),
  queueCaFile: text.optional().register(settingDocs, {
    says: 'A PEM file with the only authorities to trust, for `rediss://`.',
    value: '<file>',
    byDefault: 'those that Node.js trusts',
  }),
  logLevel: z
    .enum(['debug', 'info', 'warn', 'error'], 'debug, info, warn or error is expected')
    .default('info')
    .register(settingDocs, {
      says: 'What is logged: that and what is worse. `debug` has each blob.',
      value: '<level>',
    }),
  deadline: duration.prefault('10s').register(settingDocs, {
    says: 'How long stopping may take. Work under way is handed back; what is left after it is taken over by others when its lock expires.',
    value: '<duration>',
  }),
}

const mirrorShape = {
  store: text.optional().register(settingDocs, {
    says: 'Where content goes: a folder that all workers share, or `s3://bucket/prefix?endpoint=...&region=...&path-style=true`. All services of a queue have the same store. Credentials for S3 come from where the AWS SDK finds them (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SHARED_CREDENTIALS_FILE`, web identity, instance roles).',
    value: '<store>',
    byDefault: '`$XDG_DATA_HOME/dist`',
  }),
  hostsDir: list.optional().register(settingDocs, {
    says: 'Folders with settings per host, `<dir>/<host>/hosts.toml`, the same as for commands: mirrors, CA, and what a registry may lead to (`realms`, `addresses`), see [settings of a host](commands/README.md#settings-of-a-host); several with commas between them.',
    value: '<dir>',
    byDefault: '`$XDG_CONFIG_HOME/dist/certs.d`, `/etc/containerd/certs.d`',
  }),
  authfile: text.optional().register(settingDocs, {
    says: 'Credentials for registries, in the form of docker’s `config.json`.',
    value: '<file>',
    byDefault: '`$REGISTRY_AUTH_FILE`, `$DOCKER_CONFIG/config.json`',
  }),
  addresses: netList.optional().register(settingDocs, {
    says: 'Nets that registries may lead to by token servers, redirects and URLs of foreign layers, although they are not there themselves: `10.0.0.0/8`; several with commas between them. For one registry: `addresses` in its `hosts.toml`.',
    value: '<net>',
  }),
  requestsPerHost: count(1024).prefault(8).register(settingDocs, {
    says: 'Requests in flight at one registry, over all workers and coordinators; all of them must say the same.',
    value: '<n>',
  }),
  hostPatience: duration.prefault('15m').register(settingDocs, {
    says: 'How long a registry that has answered in a run, and does so no more, is waited for before its images fail. One that never answered is given up within 90 s.',
    value: '<duration>',
  }),
}

const observed = (port: number) =>
  listen.optional().register(settingDocs, {
    says: 'Where `/healthz`, `/readyz` and `/metrics` are served; `host:port`, port 0 takes a free one. Everybody who gets there can read them.',
    value: '<host:port>',
    byDefault: `127.0.0.1:${port}, or a free port where that is taken: the log names it`,
  })

/** The settings of each service, by name. What is the same in several is written once in a file, at its top. */
export const serviceShapes = {
  coordinator: {
    ...queueShape,
    ...mirrorShape,
    listen: observed(9464),
    concurrency: count(1024).prefault(16).register(settingDocs, {
      says: 'Images of one registry that are planned at the same time; of all registries, four times as many (with 1, one).',
      value: '<n>',
    }),
  },
  worker: {
    ...queueShape,
    ...mirrorShape,
    listen: observed(9465),
    concurrency: count(1024)
      .default(() => Math.min(64, Math.max(8, 4 * availableParallelism())))
      .register(settingDocs, {
        says: 'Blobs of one registry that are fetched at the same time; of all registries, four times as many (with 1, one). What `memory` has no room for waits.',
        value: '<n>',
        byDefault: 'four for each processor, at least 8, at most 64',
      }),
    memory: size(32 * 2 ** 20, '32MiB')
      .prefault('256MiB')
      .register(settingDocs, {
        says: 'Bytes of blobs that are held on their way. The process stays below it plus 150 MB.',
        value: '<size>',
      }),
    name: text.optional().register(settingDocs, {
      says: 'What this worker is called where writes under way are listed (`dist active`).',
      value: '<name>',
      byDefault: 'host name and process id',
    }),
  },
  dashboard: {
    ...queueShape,
    listen: listen.prefault('127.0.0.1:8080').register(settingDocs, {
      says: 'Where it is served. Beyond loopback it needs `user` and `password`.',
      value: '<host:port>',
    }),
    user: text.optional().register(settingDocs, {
      says: 'Who may sign in (basic authentication). Without user and password everybody may look, and nobody may change anything.',
      value: '<name>',
    }),
    password: text.optional().register(settingDocs, {
      says: 'The password of that user.',
      value: '<password>',
      secret: true,
    }),
  },
} as const

export type ServiceName = keyof typeof serviceShapes
type Shape<Name extends ServiceName> = z.ZodObject<(typeof serviceShapes)[Name]>

/** What a service runs with. */
export type Settings<Name extends ServiceName> = z.output<Shape<Name>>

/** What is given on a command line: text as users write it, by the names of the settings. Nothing has to be. */
export type Flags<Name extends ServiceName> = Omit<z.input<Shape<Name>>, 'queuePassword' | 'password'> & {
  /** A YAML, TOML or JSON file with settings. Else `DIST_CONFIG`. */
  config?: string | undefined
}

/** The settings that all services share, or some: in a file they stand at its top. */
export const sharedKeys: ReadonlySet<string> = new Set([
  ...Object.keys(queueShape),
  ...Object.keys(mirrorShape),
])
