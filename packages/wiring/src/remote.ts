import { accessSync, constants } from 'node:fs'
import { DistError, errnoOf, sanitize } from '@dist/errdefs'
import {
  type BytesListener,
  type Credentials,
  createRegistry,
  dockerCredentials,
  type ProxySettings,
  type Registry,
  type RegistryOptions,
  type RequestEvent,
} from '@dist/registry-client'
import { createHostLimiter, type HostLimiter } from '@dist/remotes'
import type { Registries } from '@dist/settings'
import {
  allowedNets,
  credentialFiles,
  type Environment,
  hostsDirectories,
  proxyVariables,
  type RegistryFlags,
  registriesConfFile,
} from '@dist/settings/command'
import { findHosts } from './find-hosts.js'
import { hostPolicies, mostRequests } from './host-policies.js'
import { type HostSettings, hostSettings } from './host-settings.js'
import { registryCredentials, withRegistries } from './registry-settings.js'

export interface RemoteSettings extends HostSettings, RegistryFlags {
  /** Settings of registries in a file. The flags override them, and they override `hosts.toml`. */
  registries?: Registries | undefined
}

/** The settings of requests. They can be sent to another thread, except the functions. */
export interface RequestSettings {
  userAgent: string
  proxy: ProxySettings
  /** Networks that every registry may refer to: `10.0.0.0/8`. */
  addresses?: readonly string[] | undefined
  /** Called for each request. */
  onRequest: ((event: RequestEvent) => void) | undefined
  /** Called while bytes pass. */
  onBytes?: BytesListener | undefined
  /** As in `TransportOptions`. */
  onAsk?: ((host: string) => () => void) | undefined
  /** Concurrent requests to one host. Default: 8. A limiter of its own overrides it; connections are for this number. */
  requestsPerHost?: number | undefined
  /** As in `TransportOptions`: bytes. */
  largeBody?: number | undefined
  /** As in `RegistryOptions`: bytes. */
  chunkSize?: number | undefined
  /** As in `RegistryOptions`. */
  loginAdvice?: string | undefined
  /** Replaces the credentials of docker's and podman's files. */
  credentials?: Credentials | undefined
}

/** The request settings of the environment. `program` is name and version: `dist/1.2.3`. */
export function requestSettings(
  program: string,
  env: Environment,
  onRequest?: (event: RequestEvent) => void,
): RequestSettings {
  return { userAgent: program, proxy: proxyVariables(env), addresses: allowedNets(env), onRequest }
}

/** What the settings and the files that they name say of registries. */
type RegistryFiles = Pick<RegistryOptions, 'hosts' | 'partOf'>

/**
 * Reads what the settings and the files that they name say of registries. Throws `INVALID_ARGUMENT` when the `authfile` of the
 * settings cannot be read, and as `hostSettings`, `withRegistries` and `findHosts`.
 */
export async function readRegistryFiles(settings: RemoteSettings, env: Environment): Promise<RegistryFiles> {
  const changeEndpoints = hostSettings(settings)
  if (settings.authfile !== undefined) checkReadable(settings.authfile)
  const conf = registriesConfFile(settings, env)
  const found = await findHosts([...hostsDirectories(settings, env)], conf)
  const hosts = await withRegistries(settings.registries ?? {}, found.hosts)
  return {
    hosts: async (locator) => changeEndpoints(locator.host, await hosts(locator)),
    partOf: found.partOf,
  }
}

/** Creates the client for registries. The caller disposes of it. Throws as `readRegistryFiles`. */
export async function openRemote(
  settings: RemoteSettings,
  env: Environment,
  requests: RequestSettings,
  limiter?: HostLimiter,
): Promise<Registry> {
  const files = await readRegistryFiles(settings, env)
  const { requestsPerHost } = requests
  const given = requestsPerHost === undefined ? {} : { requests: requestsPerHost }
  const policy = hostPolicies(given, settings.registries)
  return createRegistry({
    ...requests,
    ...files,
    connectionsPerHost: connectionsFor(mostRequests(policy)),
    credentials: requests.credentials ?? credentialsOf(settings, env),
    limiter: limiter ?? createHostLimiter(policy),
  })
}

/** A file that a flag names overrides the settings of registries. The files that all tools read by default do not. */
function credentialsOf(settings: RemoteSettings, env: Environment): Credentials {
  const files = dockerCredentials({ files: [...credentialFiles(settings, env)] })
  const { registries } = settings
  if (registries === undefined) return files
  const own = registryCredentials(registries)
  const [first, second] = settings.authfile === undefined ? [own, files] : [files, own]
  return async (host, options) => (await first(host, options)) ?? (await second(host, options))
}

/** Connections to one host for this number of requests: a connection may still be closing when the next request begins. */
export function connectionsFor(requestsPerHost: number | undefined): number | undefined {
  return requestsPerHost === undefined ? undefined : 2 * requestsPerHost
}

/** A default file may be absent. A file of the settings must exist: a mistyped path must not mean "no credentials". */
function checkReadable(authfile: string): void {
  try {
    accessSync(authfile, constants.R_OK)
  } catch (cause) {
    const why = errnoOf(cause) ?? 'unknown error'
    throw new DistError('INVALID_ARGUMENT', `--authfile ${sanitize(authfile)}: cannot be read (${why})`, {
      cause,
    })
  }
}
