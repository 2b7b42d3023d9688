import { createRedisHostLimiter } from '@dist/redis'
import type { Registry } from '@dist/registry-client'
import type { HostLimiter, HostPolicy, HostStates } from '@dist/remotes'
import type { ServiceHost } from '@dist/service'
import { throttledLogger } from '@dist/service'
import type { Settings } from '@dist/settings'
import type { Redis } from 'ioredis'
import { openRemote, type RequestSettings, requestSettings } from '../remote.js'
import { retryUntilAvailable } from '../retry-until-available.js'
import { openStore, type Store } from '../store.js'
import type { Outage } from './outage.js'

type MirrorSettings = Pick<
  Settings<'worker'>,
  'store' | 'hostsDir' | 'authfile' | 'addresses' | 'requestsPerHost' | 'hostPatience'
>

/** Where content comes from and where it goes. */
export interface MirrorParts extends AsyncDisposable {
  readonly store: Store
  /** The store's id, which runs name. */
  readonly storeId: string
  readonly remote: Registry
  readonly requests: RequestSettings
  /** Tells which registries are in trouble. */
  readonly hosts: HostStates
  readonly policy: Partial<HostPolicy>
}

/** Milliseconds: what a service that was killed had begun is free after 20 s, in a folder that machines share, too. */
const lockTtl = 15_000

export interface MirrorOptions {
  /** `dist-worker/1.2.3`: what registries are told. */
  program: string
  redis: Redis
  outage: Outage
  /** Milliseconds after which the permits of a service that was killed are free. Default: 12,000. */
  lease?: number | undefined
  /** Bytes that writes may hold on their way. Default: the store's own bounds. */
  memory?: number | undefined
}

/**
 * Opens the store, made where there is none, and proves that it can be written and read; opens the client for
 * registries, with limits that all processes of the queue share. Throws what is wrong with the store by name.
 */
export async function openMirror(
  settings: MirrorSettings,
  surroundings: ServiceHost,
  { program, redis, outage, lease = 12_000, memory }: MirrorOptions,
): Promise<MirrorParts> {
  const { log, metrics, context } = surroundings
  const store = await openStoreThere(settings, surroundings, memory)
  try {
    const storeId = store.id ?? ''
    log.info('the store can be written', { store: store.url, id: storeId })
    const policy = { requests: settings.requestsPerHost, patience: settings.hostPatience }
    const shared = createRedisHostLimiter(redis, {
      policy,
      lease,
      onAway: (error) => {
        if (!outage.covers)
          log.warn('Redis does not answer: limits per host hold within this process', { error })
      },
    })
    const limiter: HostLimiter = metrics.limiter(shared)
    const requests = { ...requestSettings(program, context.env), addresses: settings.addresses ?? [] }
    const remote = openRemote(remoteSettings(settings), context.env, requests, limiter)
    const close = async () => {
      await remote[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
    }
    return { store, storeId, remote, requests, hosts: shared, policy, [Symbol.asyncDispose]: close }
  } catch (error) {
    await store[Symbol.asyncDispose]()
    throw error
  }
}

/** A store that is away is waited for, and that is logged. Throws what waiting does not mend. */
async function openStoreThere(
  settings: MirrorSettings,
  { log, context: { env, signal }, reportWaiting: waits }: ServiceHost,
  memory: number | undefined,
): Promise<Store> {
  const repeated = throttledLogger(log)
  const open = async () => {
    const store = await openStore({ store: settings.store }, env, {
      create: true,
      lockTtl,
      memory,
    })
    try {
      await store.probe()
      return store
    } catch (error) {
      await store[Symbol.asyncDispose]()
      throw error
    }
  }
  const onAway = (error: unknown) => {
    repeated.warn('waiting for the store', { error })
    waits(error)
  }
  return await retryUntilAvailable(open, { signal, onUnavailable: onAway })
}

function remoteSettings({ hostsDir, authfile }: MirrorSettings) {
  return {
    hostsDir,
    authfile,
  }
}
