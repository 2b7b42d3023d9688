import { measuredContent, measuredNames } from '@dist/content'
import { createRedisHostLimiter } from '@dist/redis'
import type { Registry } from '@dist/registry-client'
import type { HostPolicies, HostStates } from '@dist/remotes'
import { measureStore, measureTraffic, type ServiceHost, throttledLogger } from '@dist/service'
import { largeBodyOf, type Settings } from '@dist/settings'
import type { Redis } from 'ioredis'
import { hostPolicies } from '../host-policies.js'
import { openRemote, type RequestSettings, requestSettings } from '../remote.js'
import { retryUntilAvailable } from '../retry-until-available.js'
import { type OpenedStore, openStore } from '../store.js'
import { tellChanges } from './changed-names.js'
import type { Outage } from './log.js'

type MirrorSettings = Pick<
  Settings<'worker'>,
  | 'store'
  | 's3Requests'
  | 'largeBlobs'
  | 'hostsDir'
  | 'authfile'
  | 'registries'
  | 'registriesConf'
  | 'addresses'
  | 'requestsPerHost'
  | 'hostPatience'
>

/** The store of a service, and its client for registries. */
export interface MirrorParts extends AsyncDisposable {
  readonly store: OpenedStore
  /** The id of the store, which runs name. */
  readonly storeId: string
  readonly remote: Registry
  readonly requests: RequestSettings
  /** The states of registries, shared by all services. */
  readonly hosts: HostStates
  readonly policy: HostPolicies
}

/** The locks of a killed service in a shared folder must expire before its jobs are taken over, after 20 s. */
const lockTtlMs = 15_000
/** The permits of a killed service expire after this time. */
const defaultLeaseMs = 12_000

/** A service cannot log in as a user does. */
const loginAdvice =
  'no credentials for this registry: add them to registries in the settings of coordinators and workers, or to their authfile'

export interface MirrorOptions {
  /** The user agent: `dist-worker/1.2.3`. */
  program: string
  redis: Redis
  outage: Outage
  /** Milliseconds after which the permits of a killed service expire. Default: 12,000. */
  lease?: number | undefined
  /** Maximum bytes that writes hold in memory. Default: the limit of the store. */
  memory?: number | undefined
  /** Called while bytes of registries arrive. */
  onReceived?: ((bytes: number) => void) | undefined
}

/**
 * Opens the store, which is created when it does not exist, and checks that it can be written and read. Opens the client for
 * registries with limits that all processes of the queue share. Throws the error of the store.
 */
export async function openMirror(
  settings: MirrorSettings,
  host: ServiceHost,
  { program, redis, outage, lease = defaultLeaseMs, memory, onReceived }: MirrorOptions,
): Promise<MirrorParts> {
  const { log, metrics, context } = host
  const opened = await openAvailableStore(settings, host, memory)
  const storeId = opened.id ?? ''
  const onCall = measureStore(metrics.registry)
  const store = {
    ...opened,
    content: measuredContent(opened.content, onCall),
    names: tellChanges({ ...opened.names, ...measuredNames(opened.names, onCall) }, redis, storeId),
  }
  try {
    log.info('the store can be written', { store: store.url, id: storeId })
    const given = { requests: settings.requestsPerHost, patience: settings.hostPatience }
    const policy = hostPolicies(given, settings.registries)
    const hosts = createRedisHostLimiter(redis, {
      policy,
      lease,
      onAway: (error) => {
        if (outage.covers) return
        log.warn('Redis does not answer: limits per host hold within this process', { error })
      },
    })
    await hosts.publishPolicies()
    const { hostsDir, authfile, registries, registriesConf, addresses = [], requestsPerHost } = settings
    const largeBody = largeBodyOf(settings.largeBlobs)
    const { onRequest, onBytes: count } = measureTraffic(metrics.registry)
    const onBytes: typeof count = (host, direction, bytes) => {
      count(host, direction, bytes)
      if (direction === 'received') onReceived?.(bytes)
    }
    const own = { addresses, requestsPerHost, loginAdvice, largeBody, onRequest, onBytes }
    const requests = { ...requestSettings(program, context.env), ...own }
    const remote = await openRemote(
      { hostsDir, authfile, registries, registriesConf },
      context.env,
      requests,
      metrics.limiter(hosts),
    )
    const close = async () => {
      await remote[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
    }
    return { store, storeId, remote, requests, hosts, policy, [Symbol.asyncDispose]: close }
  } catch (error) {
    await store[Symbol.asyncDispose]()
    throw error
  }
}

/** Waits for an unavailable store, and logs and reports that. Throws errors that waiting does not help. */
async function openAvailableStore(
  settings: MirrorSettings,
  { log, context: { env, signal }, reportWaiting }: ServiceHost,
  memory: number | undefined,
): Promise<OpenedStore> {
  const throttled = throttledLogger(log)
  const open = async () => {
    const store = await openStore({ store: settings.store }, env, {
      create: true,
      lockTtl: lockTtlMs,
      memory,
      requests: settings.s3Requests,
    })
    try {
      await store.probe()
      return store
    } catch (error) {
      await store[Symbol.asyncDispose]()
      throw error
    }
  }
  const onUnavailable = (error: unknown) => {
    throttled.warn('waiting for the store', { error })
    reportWaiting(error)
  }
  return await retryUntilAvailable(open, { signal, onUnavailable })
}
