import { readFile } from 'node:fs/promises'
import { DistError, errnoOf, sanitize } from '@dist/errdefs'
import {
  type Credentials,
  defaultEndpoint,
  type Endpoint,
  passwordOrToken,
  registryItself,
  type TlsMaterial,
} from '@dist/registry-client'
import type { Registries, RegistrySettings } from '@dist/settings'
import { readSecret } from '@dist/settings/command'
import type { Hosts } from './find-hosts.js'
import { namesOf } from './host-settings.js'

/**
 * Applies settings of registries to the endpoints of hosts. The mirrors of a registry take the place of those that it has without
 * these settings; a mirror is reached as its own settings say, and gets no pushes. Reads the files of authorities. Throws
 * `INVALID_ARGUMENT` for a file that contains none.
 */
export async function withRegistries(registries: Registries, hosts: Hosts): Promise<Hosts> {
  const changes = new Map<string, HostChange>()
  for (const [host, settings] of Object.entries(registries)) changes.set(host, await changeOf(host, settings))
  if (changes.size === 0) return hosts
  const mirrorOf = async (mirror: string, host: string): Promise<Endpoint> => {
    const own = registryItself(await hosts({ host: mirror, repository: '' }))
    return {
      ...own,
      capabilities: own.capabilities.filter((capability) => capability !== 'push'),
      mirrorOf: host,
    }
  }
  const everywhere = sharedChanges(changes)
  return async (locator) => {
    const { host } = locator
    const found = await hosts(locator)
    const mirrors = Object.hasOwn(registries, host) ? registries[host]?.mirrors : undefined
    const endpoints =
      mirrors === undefined
        ? found
        : [...(await Promise.all(mirrors.map((mirror) => mirrorOf(mirror, host)))), registryItself(found)]
    return endpoints.map((endpoint) => changeEndpoint(endpoint, host, changes, everywhere))
  }
}

/** How the endpoint of a host changes. */
interface HostChange {
  /** Undefined: the scheme stays. */
  readonly scheme: 'http' | 'https' | undefined
  readonly tls: TlsMaterial
}

/** What an endpoint has to know of the settings of other hosts, to which it may lead. By hosts as in URLs. */
interface SharedChanges {
  readonly clearHosts: readonly string[]
  readonly elsewhere: Readonly<Record<string, TlsMaterial>>
}

async function changeOf(host: string, settings: RegistrySettings): Promise<HostChange> {
  const { caFile, plainHttp, insecureSkipTlsVerify } = settings
  const tls: TlsMaterial = {
    ...(caFile === undefined ? {} : { ca: [await readAuthorities(host, caFile)] }),
    ...(insecureSkipTlsVerify === undefined ? {} : { skipVerify: insecureSkipTlsVerify }),
  }
  // Settings of certificates on loopback, where plain http is the default, enable TLS.
  const isTls = plainHttp === false || caFile !== undefined || insecureSkipTlsVerify === true
  return { scheme: plainHttp === true ? 'http' : isTls ? 'https' : undefined, tls }
}

async function readAuthorities(host: string, path: string): Promise<string> {
  const invalid = (why: string, cause?: unknown) =>
    new DistError('INVALID_ARGUMENT', `registries.${host}.ca-file: ${sanitize(path)} ${why}`, { cause })
  const pem = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw invalid(`cannot be read (${errnoOf(cause) ?? 'unknown error'})`, cause)
  })
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) throw invalid('contains no PEM certificate')
  return pem
}

function sharedChanges(changes: ReadonlyMap<string, HostChange>): SharedChanges {
  const all = [...changes]
  return {
    clearHosts: all.flatMap(([host, { scheme }]) => (scheme === 'http' ? [host.replace(/:80$/, '')] : [])),
    elsewhere: Object.fromEntries(
      all.flatMap(([host, { tls }]) =>
        Object.keys(tls).length === 0 ? [] : [[host.replace(/:443$/, ''), tls]],
      ),
    ),
  }
}

function changeEndpoint(
  endpoint: Endpoint,
  host: string,
  changes: ReadonlyMap<string, HostChange>,
  { clearHosts, elsewhere }: SharedChanges,
): Endpoint {
  const { scheme, tls: own } = changeFor(changes, endpoint, host) ?? { scheme: undefined, tls: {} }
  const tls = { ...endpoint.tls, ...own }
  const becomesClear = scheme === 'http' && endpoint.url.startsWith('https:')
  return {
    ...endpoint,
    url: scheme === undefined ? endpoint.url : endpoint.url.replace(/^https?:/, `${scheme}:`),
    ...(Object.keys(tls).length === 0 ? {} : { tls }),
    ...(Object.keys(elsewhere).length === 0 ? {} : { elsewhere }),
    ...(becomesClear ? { clearHosts } : {}),
  }
}

/** The change for the host of an endpoint. A mirror has nothing of the registry that it stands for. */
function changeFor(
  changes: ReadonlyMap<string, HostChange>,
  endpoint: Endpoint,
  host: string,
): HostChange | undefined {
  const names = namesOf(endpoint, host).map((name) => (name === hubAddress ? 'docker.io' : name))
  return names.map((name) => changes.get(name)).find((found) => found !== undefined)
}

const hubAddress = new URL(defaultEndpoint('docker.io').url).host

/**
 * The credentials in settings of registries, for these hosts only. Files of passwords are read again each time: they may be
 * renewed. Throws `INVALID_ARGUMENT` for a file without a password.
 */
export function registryCredentials(registries: Registries): Credentials {
  return async (address) => {
    const host = namesAt(address).find((name) => Object.hasOwn(registries, name))
    if (host === undefined) return undefined
    const { username, password, passwordFile } = registries[host] ?? {}
    if (username === undefined) return undefined
    if (password !== undefined) return passwordOrToken(username, password)
    if (passwordFile === undefined) return undefined
    return passwordOrToken(username, await readSecret(passwordFile, `registries.${host}.password-file`))
  }
}

/** The names in settings for the host of a URL, where the default port is left out. */
function namesAt(address: string): string[] {
  if (address === hubAddress) return ['docker.io']
  return /:\d+$/.test(address) ? [address] : [address, `${address}:443`, `${address}:80`]
}
