import { flag } from '../registries/schema.js'
import { count, duration, listenAddress, redirectSize, redisUrl, registryHost, serverUrl } from '../values.js'
import { accessShape } from './access.js'
import { settingDocs } from './docs.js'
import { healthAddress, mirrorShape, queueShape } from './shared.js'

/** The registry needs no queue: it is told of changes through it. */
const optionalQueue = redisUrl.optional().register(settingDocs, {
  description:
    'URL of the queue whose services write to the store: names that they publish are served within 2 s. Without it a change of a name is seen after `refresh`.',
  placeholder: '<url>',
  otherVariables: ['REDIS_URL'],
  sensitive: true,
})

/** The settings of the registry. */
export const registryShape = {
  ...queueShape,
  queue: optionalQueue,
  store: mirrorShape.store,
  s3Requests: mirrorShape.s3Requests,
  listen: listenAddress.prefault('127.0.0.1:5000').register(settingDocs, {
    description: 'Address of the registry.',
    placeholder: '<host:port>',
  }),
  healthListen: healthAddress(9467),
  ...accessShape,
  defaultRegistry: registryHost.optional().register(settingDocs, {
    description:
      'The registry of names without a host, such as `docker.io`: `registry-mirrors` of docker asks for `library/alpine`.',
    placeholder: '<host>',
    defaultText: 'names without a host are those at the host as which the client knows the registry',
  }),
  refresh: duration.prefault('30s').register(settingDocs, {
    description:
      'Maximum age of what is known of a name in a bucket. A name that was absent is looked up at once. A folder is looked at after 1 s at the latest.',
    placeholder: '<duration>',
  }),
  redirect: redirectSize.prefault('256KiB').register(settingDocs, {
    description:
      'Blobs in a bucket from this size on are answered by a redirect to the bucket, with a URL that allows GETs of this blob for 20 minutes. `never`: the registry sends all blobs.',
    placeholder: '<size>',
  }),
  redirectEndpoint: serverUrl.optional().register(settingDocs, {
    description:
      'Address of the bucket’s server for clients, where it is another one than in the URL of the store.',
    placeholder: '<url>',
    defaultText: 'the endpoint of the store',
  }),
  noRedirectRange: flag.prefault(false).register(settingDocs, {
    description: 'The registry answers requests for a range of a blob itself.',
    placeholder: '',
    isSwitch: true,
  }),
  maxConnections: count(1_000_000).prefault(10_000).register(settingDocs, {
    description: 'Maximum number of connections of clients.',
    placeholder: '<n>',
  }),
  maxStreams: count(100_000).prefault(1_000).register(settingDocs, {
    description:
      'Maximum number of blobs that are sent at the same time. More requests are answered with 429.',
    placeholder: '<n>',
  }),
  stallTimeout: duration.prefault('60s').register(settingDocs, {
    description: 'A client that takes no bytes for so long is cut off.',
    placeholder: '<duration>',
  }),
} as const
