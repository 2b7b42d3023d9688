import { homedir } from 'node:os'
import { join } from 'node:path'
import {
  createRegistry,
  dockerCredentials,
  hostsFromDirectories,
  type ProxySettings,
  type Registry,
  type RequestEvent,
} from '@dist/remotes-registry'
import type { Context } from '../context.js'
import type { RemoteOptions } from '../options.js'
import { version } from '../version.js'
import { requestLog } from './log.js'
import { nonEmpty } from './store.js'

/** The client for registries, set up from options and environment. Whoever opens it closes it (`await using`). */
export function openRemote(options: RemoteOptions, context: Context): Registry {
  const { env } = context
  return createRegistry({
    ...requestSettings(options, context),
    hosts: (host) => hostsFromDirectories(hostsDirectories(options, env), host),
    credentials: dockerCredentials({ files: credentialFiles(options, env) }),
  })
}

export interface RequestSettings {
  userAgent: string
  proxy: ProxySettings
  onRequest: ((event: RequestEvent) => void) | undefined
}

/** How requests are made, whichever thread makes them. */
export function requestSettings(options: RemoteOptions, context: Context): RequestSettings {
  return {
    userAgent: `dist/${version}`,
    proxy: proxySettings(context.env),
    onRequest: options.verbose ? requestLog(context) : undefined,
  }
}

function hostsDirectories(options: RemoteOptions, env: NodeJS.ProcessEnv): string[] {
  if (options.hostsDir !== undefined) return options.hostsDir
  const config = nonEmpty(env.XDG_CONFIG_HOME) ?? join(homedir(), '.config')
  return [join(config, 'dist', 'certs.d'), '/etc/containerd/certs.d']
}

/** Docker's and podman's order: the flag, REGISTRY_AUTH_FILE, DOCKER_CONFIG, the home folder. */
function credentialFiles(options: RemoteOptions, env: NodeJS.ProcessEnv): string[] {
  if (options.authfile !== undefined) return [options.authfile]
  const given = nonEmpty(env.REGISTRY_AUTH_FILE)
  const docker = nonEmpty(env.DOCKER_CONFIG) ?? join(homedir(), '.docker')
  return [...(given === undefined ? [] : [given]), join(docker, 'config.json')]
}

function proxySettings(env: NodeJS.ProcessEnv): ProxySettings {
  // Upper-case HTTP_PROXY is what curl ignores for CGI's sake; containerd and docker read both spellings.
  const httpProxy = nonEmpty(env.http_proxy ?? env.HTTP_PROXY)
  const httpsProxy = nonEmpty(env.https_proxy ?? env.HTTPS_PROXY)
  const noProxy = nonEmpty(env.no_proxy ?? env.NO_PROXY)
  return {
    ...(httpProxy === undefined ? {} : { httpProxy }),
    ...(httpsProxy === undefined ? {} : { httpsProxy }),
    ...(noProxy === undefined ? {} : { noProxy }),
  }
}
