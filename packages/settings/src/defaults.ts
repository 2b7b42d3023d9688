import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { DistError, sanitize } from '@dist/errdefs'
import { parseNet } from '@dist/remotes'
import { type Environment, nonEmpty } from './environment.js'

export interface StoreFlags {
  /** A folder, or `s3://bucket/prefix?endpoint=...`. */
  store?: string | undefined
}

export interface StoreLocation {
  /** An absolute path, or `s3://...`. */
  readonly url: string
  /** The setting that names the store. Undefined for the default store. */
  readonly setBy: '--store' | 'DIST_STORE' | undefined
}

/**
 * The location of the store: the flag, else `DIST_STORE`, else the folder `dist` in the XDG data folder. Throws
 * `INVALID_ARGUMENT` for a value that is neither a folder nor the URL of a bucket.
 */
export function locateStore({ store }: StoreFlags, env: Environment): StoreLocation {
  if (store !== undefined) return { url: checkStoreUrl(store), setBy: '--store' }
  const variable = nonEmpty(env.DIST_STORE)
  if (variable !== undefined) return { url: checkStoreUrl(variable), setBy: 'DIST_STORE' }
  const data = nonEmpty(env.XDG_DATA_HOME) ?? join(homedir(), '.local', 'share')
  return { url: join(data, 'dist'), setBy: undefined }
}

/** Refuses other URLs: a mistyped one must not become the name of a folder. */
function checkStoreUrl(given: string): string {
  if (given === '') throw new DistError('INVALID_ARGUMENT', '--store is empty: give a folder or an S3 URL')
  if (/^s3:\/\//i.test(given)) return `s3${given.slice(2)}`
  const scheme = /^([a-z][a-z0-9+.-]*):\//i.exec(given)?.[1]
  if (scheme === undefined) return resolve(given)
  throw new DistError(
    'INVALID_ARGUMENT',
    `unknown kind of store "${sanitize(scheme, 40)}": a store is a folder (/path) or s3://bucket/prefix?endpoint=https://host:port`,
  )
}

export interface RegistryFlags {
  /** Folders with settings per host, in order of precedence. Default: the user's folder and containerd's. */
  hostsDir?: readonly string[] | undefined
  /** The file with credentials. Default: the files of docker and podman. */
  authfile?: string | undefined
  /** A `registries.conf`. Default: `DIST_REGISTRIES_CONF`, else none. */
  registriesConf?: string | undefined
}

/** The folders with settings per host, in order of precedence. */
export function hostsDirectories({ hostsDir }: RegistryFlags, env: Environment): readonly string[] {
  if (hostsDir !== undefined) return hostsDir
  const config = nonEmpty(env.XDG_CONFIG_HOME) ?? join(homedir(), '.config')
  return [join(config, 'dist', 'certs.d'), '/etc/containerd/certs.d']
}

/** The `registries.conf`: the flag, else `DIST_REGISTRIES_CONF`. Undefined: none, also where podman has one. */
export function registriesConfFile({ registriesConf }: RegistryFlags, env: Environment): string | undefined {
  return registriesConf ?? nonEmpty(env.DIST_REGISTRIES_CONF)
}

/** The files with credentials: the flag, else `REGISTRY_AUTH_FILE` and docker's `config.json`, as docker and podman do. */
export function credentialFiles({ authfile }: RegistryFlags, env: Environment): readonly string[] {
  if (authfile !== undefined) return [authfile]
  const variable = nonEmpty(env.REGISTRY_AUTH_FILE)
  const docker = nonEmpty(env.DOCKER_CONFIG) ?? join(homedir(), '.docker')
  return [...(variable === undefined ? [] : [variable]), join(docker, 'config.json')]
}

/**
 * `DIST_ADDRESSES`: networks that every registry may refer to, separated by commas. Throws `INVALID_ARGUMENT` for what is
 * neither an address nor a network.
 */
export function allowedNets(env: Environment): readonly string[] {
  const nets = (nonEmpty(env.DIST_ADDRESSES) ?? '').split(',').map((net) => net.trim())
  return nets.filter((net) => {
    if (net !== '' && parseNet(net) === undefined)
      throw new DistError(
        'INVALID_ARGUMENT',
        `DIST_ADDRESSES: "${sanitize(net, 100)}" is not an address or a network such as 10.0.0.0/8`,
      )
    return net !== ''
  })
}

export interface ProxyVariables {
  readonly httpProxy?: string | undefined
  readonly httpsProxy?: string | undefined
  readonly noProxy?: string | undefined
}

/** `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`; the lower-case name is read when the upper-case one is not set. */
export function proxyVariables(env: Environment): ProxyVariables {
  // Upper case first, as in Go. curl ignores HTTP_PROXY because of CGI; containerd and docker read it.
  const read = (name: string) => nonEmpty(env[name]) ?? nonEmpty(env[name.toLowerCase()])
  return { httpProxy: read('HTTP_PROXY'), httpsProxy: read('HTTPS_PROXY'), noProxy: read('NO_PROXY') }
}

/** The region of a bucket whose URL names none. The AWS SDK for JavaScript reads `AWS_REGION`, but not this variable. */
export function defaultAwsRegion(env: Environment): string | undefined {
  return nonEmpty(env.AWS_REGION) === undefined ? nonEmpty(env.AWS_DEFAULT_REGION) : undefined
}
