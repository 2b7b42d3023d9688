import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import type { ContentStore, Names } from '@dist/content'
import type { LocalStore } from '@dist/content-local'
import type { S3ClientSettings, S3Location } from '@dist/content-s3'
import { DistError, sanitize } from '@dist/errdefs'
import type { Digest } from '@dist/oci'
import { type Environment, nonEmpty } from '@dist/settings'
import { proxySettings } from './proxies.js'

export interface StoreSettings {
  /** A folder, or `s3://bucket/prefix?endpoint=...`. */
  store?: string | undefined
}

/** What is left of an abandoned write that was thrown away. */
export interface Swept {
  /** Undefined for what no write could have gone on with. */
  readonly ref: string | undefined
  /** Bytes set free. */
  readonly size: number
  readonly updatedAt: Date
}

/** A content store with its names, of whichever kind. */
export interface Store extends AsyncDisposable {
  /** The folder, or `s3://bucket/prefix`. */
  readonly url: string
  /** Random, given once; undefined while nothing has created the store. */
  readonly id: string | undefined
  /** Whether there is one; always where it was opened to be created. */
  readonly exists: boolean
  readonly content: ContentStore
  readonly names: Names
  /** Where committed content is: a file's path, or an S3 URL. It need not be there. */
  locate(digest: Digest): string
  /**
   * Throws away what abandoned writes left that did not change for `olderThan` milliseconds. `onRemark` is told what
   * cannot be found here.
   */
  sweep(olderThan: number, onRemark?: (remark: string) => void): Promise<readonly Swept[]>
  /** Set where the store is a folder of this machine. */
  readonly local?: LocalStore | undefined
  /** Proves that it can be written and read, and names what is wrong. Only services ask. */
  probe(): Promise<void>
}

export interface OpenStoreOptions {
  /** Make the store where there is none. Default: false. */
  create?: boolean | undefined
  /** Milliseconds after which a folder's locks of another machine's process that is gone are free. Default: 30,000. */
  lockTtl?: number | undefined
  /** Bytes that writes into a bucket may hold on their way. Default: the bounds of `@dist/content-s3`. */
  memory?: number | undefined
}

/** Where a store is, and who says so. */
interface Place {
  /** An absolute path, or `s3://...`. */
  readonly url: string
  /** Undefined: nobody, it is the default. */
  readonly named: '--store' | 'DIST_STORE' | undefined
}

/**
 * Where the store is: the setting, else `DIST_STORE`, else the XDG data folder. Throws `INVALID_ARGUMENT` for what is
 * neither a folder nor a bucket's URL.
 */
export function storeUrl(settings: StoreSettings, env: Environment): string {
  return placeOf(settings, env).url
}

function placeOf({ store }: StoreSettings, env: Environment): Place {
  if (store !== undefined) return { url: checkedUrl(store), named: '--store' }
  const given = nonEmpty(env.DIST_STORE)
  if (given !== undefined) return { url: checkedUrl(given), named: 'DIST_STORE' }
  const data = nonEmpty(env.XDG_DATA_HOME) ?? join(homedir(), '.local', 'share')
  return { url: join(data, 'dist'), named: undefined }
}

/** A URL of another kind, or one that is mistyped, must not make a folder of that name. */
function checkedUrl(given: string): string {
  if (given === '') throw new DistError('INVALID_ARGUMENT', 'which store? --store is empty')
  if (/^s3:\/\//i.test(given)) return `s3${given.slice(2)}`
  const scheme = /^([a-z][a-z0-9+.-]*):\//i.exec(given)?.[1]
  if (scheme === undefined) return resolve(given)
  throw new DistError(
    'INVALID_ARGUMENT',
    `there is no kind of store called ${sanitize(scheme, 40)}: a store is a folder (/path) or s3://bucket/prefix?endpoint=https://host:port`,
  )
}

/**
 * Opens the store that the settings name. Whoever opens it disposes of it. Without `create` a store that somebody named
 * and that does not exist is `NOT_FOUND`; the default one is empty then. Throws `INVALID_ARGUMENT` as `storeUrl`, and what
 * the kinds' `open` throw.
 */
export async function openStore(
  settings: StoreSettings,
  env: Environment,
  { create = false, memory, lockTtl }: OpenStoreOptions = {},
): Promise<Store> {
  const { url, named } = placeOf(settings, env)
  const store = url.startsWith('s3://')
    ? await openBucket(url, env, { create, memory })
    : await openFolder(url, create, lockTtl)
  if (store.exists || named === undefined) return store
  await store[Symbol.asyncDispose]()
  throw new DistError(
    'NOT_FOUND',
    `there is no store at ${sanitize(store.url)}, which ${named} names: check the name; dist pull, mirror, import and ingest make a store`,
  )
}

async function openFolder(root: string, create: boolean, lockTtl: number | undefined): Promise<Store> {
  const { openLocalStore } = await import('@dist/content-local')
  const local = await openLocalStore(root, { create, lockTtl })
  const { id, exists, content, names } = local
  return {
    url: root,
    id,
    exists,
    content,
    names,
    locate: (digest) => local.pathOf(digest),
    sweep: (olderThan) => local.sweep(olderThan),
    local,
    // Opening to create has written and read already.
    probe: async () => {},
    [Symbol.asyncDispose]: () => local.close(),
  }
}

async function openBucket(
  url: string,
  env: Environment,
  { create, memory }: { create: boolean; memory: number | undefined },
): Promise<Store> {
  const { openS3Store, parseS3Url } = await import('@dist/content-s3')
  const bucket = await openS3Store(withRegion(parseS3Url(url), env), {
    create,
    connection: await proxyConnection(env),
    partMemory: memory,
  })
  const { id, content, names } = bucket
  return {
    url: bucket.url,
    id,
    exists: id !== undefined,
    content,
    names,
    locate: (digest) => bucket.urlOf(digest),
    sweep: (olderThan, onRemark) => bucket.sweep(olderThan, onRemark),
    probe: () => bucket.probe(),
    [Symbol.asyncDispose]: () => bucket.close(),
  }
}

/** How a bucket is connected to where there are proxies. */
async function proxyConnection(env: Environment): Promise<Pick<S3ClientSettings, 'agents'>> {
  const proxy = proxySettings(env)
  if (proxy.httpProxy === undefined && proxy.httpsProxy === undefined) return {}
  const { bucketAgents } = await import('./bucket-agents.js')
  return { agents: (options) => bucketAgents(proxy, options) }
}

/** Amazon's own command reads `AWS_DEFAULT_REGION`, too, which its SDK for JavaScript does not. */
function withRegion(location: S3Location, env: Environment): S3Location {
  const region = nonEmpty(env.AWS_DEFAULT_REGION)
  const known = location.region ?? location.endpoint ?? nonEmpty(env.AWS_REGION)
  return known !== undefined || region === undefined ? location : { ...location, region }
}
