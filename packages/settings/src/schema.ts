import { availableParallelism } from 'node:os'
import * as z from 'zod'
import { notifyTargetsSchema } from './notify-targets.js'
import { registriesSchema } from './registries/schema.js'
import { count, duration, listenAddress, nets, paths, redisUrl, secretText, size, text } from './values.js'

/** The documentation of a setting, and what readers of settings have to know beyond its schema. */
export interface SettingDoc {
  /** One or two sentences in Markdown. */
  readonly description: string
  /** The value in usage lines: `<url>`. */
  readonly placeholder: string
  /** More variables, which are read after `DIST_...`. */
  readonly otherVariables?: readonly string[] | undefined
  /** Never a flag: every user of the machine can read arguments. */
  readonly secret?: true | undefined
  /** The value may contain a secret: messages never repeat it, and it may stand in a separate file. */
  readonly sensitive?: true | undefined
  /** A map, which stands in a file only. Its texts may have variables. */
  readonly fileOnly?: true | undefined
  /** The default in words, for a setting whose schema has no constant default. */
  readonly defaultText?: string | undefined
}

const settingDocs = z.registry<SettingDoc>()

/** The documentation of a setting of `serviceShapes`. */
export function docOf(setting: z.ZodType): SettingDoc {
  return settingDocs.get(setting) ?? { description: '', placeholder: '' }
}

/** The connection to the queue, the log and the shutdown: settings of every service. */
const queueShape = {
  queue: redisUrl.default('redis://127.0.0.1:6379').register(settingDocs, {
    description:
      'URL of the Redis or Valkey server with the queue, `redis://` or `rediss://`, with or without user and password. Each database of a server (`redis://host/1`) is a separate queue.',
    placeholder: '<url>',
    otherVariables: ['REDIS_URL'],
    sensitive: true,
  }),
  queueUsername: text.optional().register(settingDocs, {
    description: 'User name at the queue. Overrides the user of the URL.',
    placeholder: '<name>',
  }),
  queuePassword: secretText.optional().register(settingDocs, {
    description: 'Password at the queue. Overrides the password of the URL.',
    placeholder: '<password>',
    secret: true,
  }),
  queueCaFile: text.optional().register(settingDocs, {
    description: 'PEM file with the only certificate authorities to trust, for `rediss://`.',
    placeholder: '<file>',
    defaultText: 'the authorities that Node.js trusts',
  }),
  logLevel: z
    .enum(['debug', 'info', 'warn', 'error'], 'debug, info, warn or error is expected')
    .default('info')
    .register(settingDocs, {
      description: 'Lowest level that is logged. `debug` includes each blob.',
      placeholder: '<level>',
    }),
  deadline: duration.prefault('10s').register(settingDocs, {
    description:
      'Maximum time of a shutdown. Jobs in progress are handed back. Jobs that are not handed back in time are taken over by other services when their locks expire.',
    placeholder: '<duration>',
  }),
}

/** The store and the registries: settings of coordinators and workers. */
const mirrorShape = {
  store: text.optional().register(settingDocs, {
    description:
      'The store: a folder that all services share, or `s3://bucket/prefix?endpoint=...&region=...&path-style=true`. All services of a queue use the same store. The AWS SDK finds the credentials for S3 (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SHARED_CREDENTIALS_FILE`, web identity, instance roles).',
    placeholder: '<store>',
    defaultText: '`$XDG_DATA_HOME/dist`',
  }),
  s3Requests: z.enum(['fast', 'sdk'], 'fast or sdk is expected').default('fast').register(settingDocs, {
    description:
      'How small requests to a bucket are sent (GET, HEAD, LIST, PUT of a whole object). `fast` omits the steps of the AWS SDK that they do not need, and takes half of the processor time. `sdk` uses all steps. Commands read the variable.',
    placeholder: '<way>',
  }),
  largeBlobs: z.enum(['fast', 'undici'], 'fast or undici is expected').default('fast').register(settingDocs, {
    description:
      'How blobs of at least 256 KiB are received from registries. `fast` reads them into memory that is used again, and takes less than half of the processor time. `undici` reads them as everything else. Commands read the variable.',
    placeholder: '<way>',
  }),
  hostsDir: paths.optional().register(settingDocs, {
    description:
      'Folders with settings per host, `<dir>/<host>/hosts.toml`, separated by commas. Commands use the same files: mirrors, certificate authorities, and the hosts that a registry may refer to (`realms`, `addresses`). See [settings of a host](commands/README.md#settings-of-a-host).',
    placeholder: '<dir>',
    defaultText: '`$XDG_CONFIG_HOME/dist/certs.d`, `/etc/containerd/certs.d`',
  }),
  authfile: text.optional().register(settingDocs, {
    description: 'File with credentials for registries, in the format of docker’s `config.json`.',
    placeholder: '<file>',
    defaultText: '`$REGISTRY_AUTH_FILE`, `$DOCKER_CONFIG/config.json`',
  }),
  registriesConf: text.optional().register(settingDocs, {
    description:
      'A `registries.conf` of podman, and the files `<file>.d/*.conf`: mirrors, other locations, blocked registries. See [registries.conf](commands/README.md#registriesconf). Commands read the variable.',
    placeholder: '<file>',
  }),
  registries: registriesSchema.optional().register(settingDocs, {
    description:
      'Settings of registries by host: credentials, authorities, plain http, mirrors, limits. The keys are those of `registries` in a [mirror file](mirroring.md#registries). Values may have variables, as there. Paths are relative to the folder of the settings file.',
    placeholder: '',
    fileOnly: true,
  }),
  addresses: nets.optional().register(settingDocs, {
    description:
      'Networks such as `10.0.0.0/8`, separated by commas. Token servers, redirects and foreign-layer URLs of every registry may be in these networks, even when the registry itself is not. For one registry, set `addresses` in its `hosts.toml`.',
    placeholder: '<net>',
  }),
  requestsPerHost: count(1024).prefault(8).register(settingDocs, {
    description:
      'Maximum number of concurrent requests to one registry, over all workers and coordinators. Set the same value for all of them.',
    placeholder: '<n>',
  }),
  hostPatience: duration.prefault('15m').register(settingDocs, {
    description:
      'Maximum time to wait for a registry that has answered during a run and stops answering. After it, the images from that registry fail. A registry that has not answered at all is given up within 90 s.',
    placeholder: '<duration>',
  }),
}

const healthAddress = (port: number) =>
  listenAddress.optional().register(settingDocs, {
    description:
      'Address of the health server: `/healthz`, `/readyz` and `/metrics`, without credentials. Port 0 selects a free port.',
    placeholder: '<host:port>',
    defaultText: `127.0.0.1:${port}, or a free port when ${port} is in use; the log has the address`,
  })

/** The settings of each service. Settings with the same name have the same meaning in all services, except `listen`. */
export const serviceShapes = {
  coordinator: {
    ...queueShape,
    ...mirrorShape,
    listen: healthAddress(9464),
    concurrency: count(1024).prefault(16).register(settingDocs, {
      description:
        'Maximum number of images of one registry that are planned at the same time. The maximum over all registries is four times as high (with 1, it is 1).',
      placeholder: '<n>',
    }),
    mirrorFile: text.optional().register(settingDocs, {
      description:
        'A [mirror file](mirroring.md) whose schedules the coordinator puts into the queue, as `dist schedule apply` does: at its start, when the file changes, and when Redis has lost them. The file may have variables, and no `registries`.',
      placeholder: '<file>',
    }),
    notifyTargets: notifyTargetsSchema.optional().register(settingDocs, {
      description:
        'Webhooks by name, which `notify` in mirror files names: `url`, `secret-file`, `addresses`, `ca-file`. See [being told](operations.md#being-told). Values may have variables. Paths are relative to the folder of the settings file. All coordinators have the same.',
      placeholder: '',
      fileOnly: true,
    }),
  },
  worker: {
    ...queueShape,
    ...mirrorShape,
    listen: healthAddress(9465),
    concurrency: count(1024)
      .default(() => Math.min(64, Math.max(8, 4 * availableParallelism())))
      .register(settingDocs, {
        description:
          'Maximum number of blobs of one registry that are fetched at the same time. The maximum over all registries is four times as high (with 1, it is 1). Blobs for which `memory` has no room wait.',
        placeholder: '<n>',
        defaultText: '4 per processor, at least 8, at most 64',
      }),
    memory: size(32 * 2 ** 20, '32MiB')
      .prefault('256MiB')
      .register(settingDocs, {
        description:
          'Maximum number of bytes of blobs in memory. The process uses at most 150 MB more than this.',
        placeholder: '<size>',
      }),
    name: text.optional().register(settingDocs, {
      description: 'Name of this worker in logs and in the list of active writes (`dist active`).',
      placeholder: '<name>',
      defaultText: 'host name and process id',
    }),
  },
  dashboard: {
    ...queueShape,
    listen: listenAddress.prefault('127.0.0.1:8080').register(settingDocs, {
      description: 'Address of the dashboard. An address other than loopback requires `user` and `password`.',
      placeholder: '<host:port>',
    }),
    healthListen: healthAddress(9466),
    user: text.optional().register(settingDocs, {
      description:
        'User name for the dashboard (basic authentication). Without user and password, the dashboard is read-only and needs no sign-in.',
      placeholder: '<name>',
    }),
    password: secretText.optional().register(settingDocs, {
      description: 'Password of that user.',
      placeholder: '<password>',
      secret: true,
    }),
  },
} as const

export type ServiceName = keyof typeof serviceShapes
type Shape<Name extends ServiceName> = z.ZodObject<(typeof serviceShapes)[Name]>

/** The values of all settings of a service. */
export type Settings<Name extends ServiceName> = z.output<Shape<Name>>

/** The flags of a command line: text as users write it, by the names of the settings. All are optional. */
export type Flags<Name extends ServiceName> = Omit<
  z.input<Shape<Name>>,
  'queuePassword' | 'password' | 'registries' | 'notifyTargets'
> & {
  /** A YAML, TOML or JSON file with settings. Default: `DIST_CONFIG`. */
  config?: string | undefined
}

/** The settings that several services have. In a file they stand at the top level. */
export const sharedKeys: ReadonlySet<string> = new Set([
  ...Object.keys(queueShape),
  ...Object.keys(mirrorShape),
])
