import { accessSync, constants } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { DistError, errnoOf, sanitize } from '@dist/errdefs'
import {
  createRegistry,
  dockerCredentials,
  hostsFromDirectories,
  type ProxySettings,
  type Registry,
  type RequestEvent,
} from '@dist/registry-client'
import type { HostLimiter } from '@dist/remotes'
import { parseNet } from '@dist/remotes'
import { type Environment, nonEmpty } from '@dist/settings'
import { type HostSettings, hostSettings } from './host-settings.js'
import { proxySettings } from './proxies.js'

export interface RemoteSettings extends HostSettings {
  /** Folders with settings per host, in order. Default: the user's and containerd's. */
  hostsDir?: string[] | undefined
  /** The file with credentials. Default: docker's and podman's. */
  authfile?: string | undefined
}

/** How requests are made, whichever thread makes them. */
export interface RequestSettings {
  userAgent: string
  proxy: ProxySettings
  /** Nets that every registry may lead to: `10.0.0.0/8`. */
  addresses?: readonly string[] | undefined
  /** Is told of each request. */
  onRequest: ((event: RequestEvent) => void) | undefined
  /** As in `TransportOptions`. */
  onAsk?: ((host: string) => () => void) | undefined
  /** As in `RegistryOptions`: bytes. */
  chunkSize?: number | undefined
}

/** Request settings out of the environment. `program` is name and version: `dist/1.2.3`. */
export function requestSettings(
  program: string,
  env: Environment,
  onRequest?: (event: RequestEvent) => void,
): RequestSettings {
  return { userAgent: program, proxy: proxySettings(env), addresses: addressSettings(env), onRequest }
}

/** `DIST_ADDRESSES`, with commas between them. */
function addressSettings(env: Environment): string[] {
  const texts = (nonEmpty(env.DIST_ADDRESSES) ?? '').split(',').map((text) => text.trim())
  return texts.filter((text) => {
    if (text !== '' && parseNet(text) === undefined)
      throw new DistError(
        'INVALID_ARGUMENT',
        `DIST_ADDRESSES: "${sanitize(text, 100)}" is not an address or a net such as 10.0.0.0/8`,
      )
    return text !== ''
  })
}

/**
 * The client for registries. Whoever opens it disposes of it. Throws `INVALID_ARGUMENT` for a credentials file that was
 * named and is not there, and as `hostSettings`.
 */
export function openRemote(
  settings: RemoteSettings,
  env: Environment,
  requests: RequestSettings,
  limiter?: HostLimiter,
): Registry {
  const change = hostSettings(settings)
  if (settings.authfile !== undefined) checkReadable(settings.authfile)
  return createRegistry({
    ...requests,
    hosts: async (host) => change(host, await hostsFromDirectories(hostsDirectories(settings, env), host)),
    credentials: dockerCredentials({ files: credentialFiles(settings, env) }),
    limiter,
  })
}

/** A file that nobody named need not be there; one that was named by mistake must not pass for no credentials. */
function checkReadable(authfile: string): void {
  try {
    accessSync(authfile, constants.R_OK)
  } catch (cause) {
    const why = errnoOf(cause) === 'ENOENT' ? 'it is not there' : 'it cannot be read'
    throw new DistError(
      'INVALID_ARGUMENT',
      `--authfile ${sanitize(authfile)}: ${why} (${errnoOf(cause) ?? 'unknown error'})`,
      { cause },
    )
  }
}

function hostsDirectories(settings: RemoteSettings, env: Environment): string[] {
  if (settings.hostsDir !== undefined) return settings.hostsDir
  const config = nonEmpty(env.XDG_CONFIG_HOME) ?? join(homedir(), '.config')
  return [join(config, 'dist', 'certs.d'), '/etc/containerd/certs.d']
}

/** Docker's and podman's order: the flag, REGISTRY_AUTH_FILE, DOCKER_CONFIG, the home folder. */
function credentialFiles(settings: RemoteSettings, env: Environment): string[] {
  if (settings.authfile !== undefined) return [settings.authfile]
  const given = nonEmpty(env.REGISTRY_AUTH_FILE)
  const docker = nonEmpty(env.DOCKER_CONFIG) ?? join(homedir(), '.docker')
  return [...(given === undefined ? [] : [given]), join(docker, 'config.json')]
}
