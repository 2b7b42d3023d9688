import * as z from 'zod'
import { registriesSchema } from '../registries/schema.js'
import { defaultRequestsPerHost, defaultS3Requests } from '../request-defaults.js'
import { count, duration, listenAddress, nets, paths, redisUrl, secretText, text } from '../values.js'
import { settingDocs } from './docs.js'

/** The connection to the queue, the log and the shutdown: settings of every service. */
export const queueShape = {
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
export const mirrorShape = {
  store: text.optional().register(settingDocs, {
    description:
      'The store: a folder that all services share, or `s3://bucket/prefix?endpoint=...&region=...&path-style=true`. All services of a queue use the same store. The AWS SDK finds the credentials for S3 (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SHARED_CREDENTIALS_FILE`, web identity, instance roles).',
    placeholder: '<store>',
    defaultText: '`$XDG_DATA_HOME/dist`',
  }),
  s3Requests: z
    .enum(['fast', 'sdk'], 'fast or sdk is expected')
    .default(defaultS3Requests)
    .register(settingDocs, {
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
  requestsPerHost: count(1024).prefault(defaultRequestsPerHost).register(settingDocs, {
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

/** The address of a health server. */
export const healthAddress = (port: number) =>
  listenAddress.optional().register(settingDocs, {
    description:
      'Address of the health server: `/healthz`, `/readyz` and `/metrics`, without credentials. Port 0 selects a free port.',
    placeholder: '<host:port>',
    defaultText: `127.0.0.1:${port}, or a free port when ${port} is in use; the log has the address`,
  })
