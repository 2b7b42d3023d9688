import type { Store } from '@dist/content'
import type { LocalStore } from '@dist/content-local'
import type { S3ClientSettings, S3Location } from '@dist/content-s3'
import { DistError, sanitize } from '@dist/errdefs'
import { formatOwner, hasEnded, thisProcess } from '@dist/locks'
import type { Digest } from '@dist/oci'
import {
  defaultAwsRegion,
  type Environment,
  locateStore,
  proxyVariables,
  readS3Requests,
  type S3Requests,
  type StoreFlags,
} from '@dist/settings/command'

/** A store that the settings name. */
export interface OpenedStore extends Store {
  /** Set if the store is a directory of this machine. */
  readonly local?: LocalStore | undefined
  /** Set if the store is a bucket: a URL that allows a GET of content for some minutes. */
  readonly presign?: ((digest: Digest) => Promise<string>) | undefined
}

export interface OpenStoreOptions {
  /** Create the store when it does not exist. Default: false. */
  create?: boolean | undefined
  /** For a folder: milliseconds after which the locks of a dead process of another machine are free. Default: 30,000. */
  lockTtl?: number | undefined
  /** For a bucket: maximum bytes that all writes hold in memory. Default: the limit of `@dist/content-s3`. */
  memory?: number | undefined
  /** For a bucket: how small requests are sent. Default: `DIST_S3_REQUESTS`. */
  requests?: S3Requests | undefined
  /** For a bucket: the endpoint of presigned URLs. Default: that of the URL. */
  presignEndpoint?: string | undefined
}

/**
 * Opens the store of the settings. The caller disposes of it. Without `create`, throws `NOT_FOUND` when the store does not
 * exist, except for the default store, which is empty then. Throws as `locateStore`, `openLocalStore` and `openS3Store`.
 */
export async function openStore(
  flags: StoreFlags,
  env: Environment,
  { create = false, lockTtl, ...bucket }: OpenStoreOptions = {},
): Promise<OpenedStore> {
  const { url, setBy } = locateStore(flags, env)
  const store = url.startsWith('s3://')
    ? await openBucket(url, env, { create, ...bucket })
    : await openFolder(url, create, lockTtl)
  if (store.exists || setBy === undefined) return store
  await store[Symbol.asyncDispose]()
  throw new DistError(
    'NOT_FOUND',
    `no store at ${sanitize(store.url)} (${setBy}): check the name; dist pull, mirror, import and ingest create a store`,
  )
}

async function openFolder(root: string, create: boolean, lockTtl: number | undefined): Promise<OpenedStore> {
  const { openLocalStore } = await import('@dist/content-local')
  const local = await openLocalStore(root, { create, lockTtl })
  const { id, exists, content, names, ledgers } = local
  return {
    url: root,
    id,
    exists,
    content,
    names,
    ledgers,
    locate: (digest) => local.pathOf(digest),
    sweep: (olderThan) => local.sweep(olderThan),
    withheld: local.withheld,
    setAside: (digest) => local.setAside(digest),
    collect: () => local.collect(),
    local,
    // Opening with `create` has already written and read.
    probe: async () => {},
    [Symbol.asyncDispose]: () => local.close(),
  }
}

async function openBucket(
  url: string,
  env: Environment,
  { create, memory, requests, presignEndpoint }: Omit<OpenStoreOptions, 'lockTtl'>,
): Promise<OpenedStore> {
  const { openS3Store, parseS3Url } = await import('@dist/content-s3')
  const bucket = await openS3Store(withRegion(parseS3Url(url), env), {
    create,
    connection: await proxyConnection(env),
    requests: requests ?? (await readS3Requests(env)),
    partMemory: memory,
    presignEndpoint,
    leases: { owner: formatOwner(thisProcess()), isDead: hasEnded },
  })
  const { id, content, names, ledgers } = bucket
  return {
    url: bucket.url,
    id,
    exists: id !== undefined,
    content,
    names,
    ledgers,
    locate: (digest) => bucket.urlOf(digest),
    presign: (digest) => bucket.presign(digest),
    sweep: (olderThan, onRemark) => bucket.sweep(olderThan, onRemark),
    withheld: bucket.withheld,
    setAside: (digest) => bucket.setAside(digest),
    collect: () => bucket.collect(),
    probe: () => bucket.probe(),
    [Symbol.asyncDispose]: () => bucket.close(),
  }
}

/** The agents that connect to a bucket through the proxies of the environment. */
async function proxyConnection(env: Environment): Promise<Pick<S3ClientSettings, 'agents'>> {
  const proxy = proxyVariables(env)
  if (proxy.httpProxy === undefined && proxy.httpsProxy === undefined) return {}
  const { bucketAgents } = await import('./bucket-agents.js')
  return { agents: (options) => bucketAgents(proxy, options) }
}

function withRegion(location: S3Location, env: Environment): S3Location {
  const known = location.region ?? location.endpoint
  return known === undefined ? { ...location, region: defaultAwsRegion(env) } : location
}
