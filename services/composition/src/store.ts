import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import type { ContentStore, Names } from '@dist/content'
import type { LocalStore } from '@dist/content-local'
import type { S3ClientSettings } from '@dist/content-s3'
import type { Digest } from '@dist/oci'
import { type Environment, nonEmpty } from './environment.js'
import { proxySettings } from './proxies.js'

export interface StoreSettings {
  /** A folder, or `s3://bucket/prefix?endpoint=...`. */
  store?: string
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
  readonly local?: LocalStore
  /** Proves that it can be written and read, and names what is wrong. Only services ask. */
  probe(): Promise<void>
}

export interface OpenStoreOptions {
  /** Make the store where there is none. Default: false, an absent store reads as an empty one. */
  create?: boolean
  /** Bytes that writes into a bucket may hold on their way. Default: the bounds of `@dist/content-s3`. */
  memory?: number
}

/** Where the store is: the setting, else `DIST_STORE`, else the XDG data folder. */
export function storeUrl(settings: StoreSettings, env: Environment): string {
  const given = settings.store ?? nonEmpty(env.DIST_STORE)
  if (given?.startsWith('s3://')) return given
  if (given !== undefined) return resolve(given)
  return join(nonEmpty(env.XDG_DATA_HOME) ?? join(homedir(), '.local', 'share'), 'dist')
}

/** Opens the store that the settings name. Whoever opens it disposes of it. Throws what the kinds' `open` throw. */
export async function openStore(
  settings: StoreSettings,
  env: Environment,
  { create = false, memory }: OpenStoreOptions = {},
): Promise<Store> {
  const url = storeUrl(settings, env)
  return url.startsWith('s3://') ? openBucket(url, env, create, memory) : openFolder(url, create)
}

async function openFolder(root: string, create: boolean): Promise<Store> {
  const { openLocalStore } = await import('@dist/content-local')
  const local = await openLocalStore(root, { create })
  const { id, content, names } = local
  return {
    url: root,
    id,
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
  create: boolean,
  memory: number | undefined,
): Promise<Store> {
  // Read by the SDK when it is imported, and by nobody else.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'
  const { openS3Store, parseS3Url } = await import('@dist/content-s3')
  const bucket = await openS3Store(parseS3Url(url), {
    create,
    connection: await proxyConnection(env),
    ...(memory === undefined ? {} : { partMemory: memory }),
  })
  const { id, content, names } = bucket
  return {
    url: bucket.url,
    id,
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
