import { readFileSync } from 'node:fs'
import { DistError, errnoOf, sanitize } from '@dist/errdefs'
import { defaultEndpoint, type Endpoint, type TlsMaterial } from '@dist/registry-client'

/** Settings of hosts for one call, in addition to `hosts.toml`. A host is `name[:port]`. */
export interface HostSettings {
  /** Hosts with plain http. */
  plainHttp?: string[] | undefined
  /** Hosts whose certificate is not verified. */
  insecureSkipTlsVerify?: string[] | undefined
  /** PEM files with additional certificate authorities: `host=file`, or `file` for all registries. */
  caFile?: string[] | undefined
}

/** Applies the settings to the endpoints of a registry. */
export type ChangeEndpoints = (host: string, endpoints: readonly Endpoint[]) => readonly Endpoint[]

/**
 * Reads the settings and their files. A setting applies only to the host that it names, also when a redirect leads there. It
 * does not apply to token servers and redirect targets of that host. A file without a host applies to registries and their
 * mirrors. Throws `INVALID_ARGUMENT`.
 */
export function hostSettings(settings: HostSettings): ChangeEndpoints {
  const { plainHttp = [], insecureSkipTlsVerify = [], caFile = [] } = settings
  const plainHttpHosts = new Set(plainHttp.map((text) => checkedHost(text, '--plain-http')))
  const unverified = insecureSkipTlsVerify.map((text) => checkedHost(text, '--insecure-skip-tls-verify'))
  const files = caFile.map(readAuthority)
  const tls = tlsByHost(unverified, files)
  for (const host of plainHttpHosts) if (tls.has(host)) throw contradiction(host)
  const everywhere = files.flatMap(({ host, pem }) => (host === undefined ? [pem] : []))
  if (plainHttpHosts.size === 0 && tls.size === 0 && everywhere.length === 0)
    return (_, endpoints) => endpoints
  return (host, endpoints) => {
    const all = endpoints.length === 0 ? [defaultEndpoint(host)] : endpoints
    return all.map((endpoint) =>
      changeEndpoint(endpoint, namesOf(endpoint, host), { clear: plainHttpHosts, tls, everywhere }),
    )
  }
}

interface HostChanges {
  readonly clear: ReadonlySet<string>
  readonly tls: ReadonlyMap<string, TlsMaterial>
  readonly everywhere: readonly string[]
}

function changeEndpoint(
  endpoint: Endpoint,
  names: readonly string[],
  { clear, tls, everywhere }: HostChanges,
): Endpoint {
  const own = names.map((name) => tls.get(name)).find((material) => material !== undefined)
  const ownCa = [...everywhere, ...(own?.ownCa ?? [])]
  const isClear = names.some((name) => clear.has(name))
  const merged: TlsMaterial = { ...endpoint.tls, ...own, ...(ownCa.length === 0 ? {} : { ownCa }) }
  return {
    ...endpoint,
    url: isClear
      ? withScheme(endpoint, 'http')
      : own === undefined
        ? endpoint.url
        : withScheme(endpoint, 'https'),
    ...(Object.keys(merged).length === 0 ? {} : { tls: merged }),
    ...(tls.size === 0 ? {} : { elsewhere: { ...endpoint.elsewhere, ...byUrlHost(tls) } }),
    ...clearHostsOf(endpoint, isClear, clear),
  }
}

/** An endpoint that is plain http without any setting, such as loopback, keeps its rules. */
function clearHostsOf(
  { url, clearHosts }: Endpoint,
  isClear: boolean,
  clear: ReadonlySet<string>,
): Pick<Endpoint, 'clearHosts'> {
  if (clearHosts === undefined && !(isClear && url.startsWith('https:'))) return {}
  return { clearHosts: [...(clearHosts ?? []), ...[...clear].map((name) => name.replace(/:80$/, ''))] }
}

/** The hosts as in URLs: without the default port of TLS. */
function byUrlHost(tls: ReadonlyMap<string, TlsMaterial>): Record<string, TlsMaterial> {
  return Object.fromEntries([...tls].map(([host, material]) => [host.replace(/:443$/, ''), material]))
}

function withScheme({ url }: Endpoint, scheme: 'http' | 'https'): string {
  return url.replace(/^https?:/, `${scheme}:`)
}

/** The names of an endpoint's host: with and without port; at the registry's own address also its name in references. */
export function namesOf({ url, mirrorOf }: Endpoint, host: string): string[] {
  const { protocol, hostname, port, host: address } = new URL(url)
  const withPort = `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`
  // A registries.conf may have another location for the registry.
  const isOwn = mirrorOf === undefined && address === new URL(defaultEndpoint(host).url).host
  return [address, withPort, ...(isOwn ? [host] : [])]
}

interface Authority {
  readonly host: string | undefined
  readonly pem: string
}

/** Parses `host=file`. A text without a host before `=` is the path of a file for all registries. */
function readAuthority(text: string): Authority {
  const [, host, file] = /^([A-Za-z0-9.-]+(?::\d+)?|\[[0-9A-Fa-f:]+\](?::\d+)?)=(.+)$/.exec(text) ?? []
  const path = file ?? text
  return { host: host?.toLowerCase(), pem: readPem(path) }
}

function readPem(path: string): string {
  let pem: string
  try {
    pem = readFileSync(path, 'utf8')
  } catch (cause) {
    const why = errnoOf(cause) ?? 'unknown error'
    throw new DistError('INVALID_ARGUMENT', `--ca-file: ${sanitize(path)} cannot be read (${why})`, { cause })
  }
  if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem
  throw new DistError('INVALID_ARGUMENT', `--ca-file: ${sanitize(path)} contains no PEM certificate`)
}

function tlsByHost(unverified: readonly string[], files: readonly Authority[]): Map<string, TlsMaterial> {
  const tls = new Map<string, TlsMaterial>(unverified.map((host) => [host, { skipVerify: true }]))
  for (const { host, pem } of files) {
    if (host === undefined) continue
    const { ownCa = [], ...others } = tls.get(host) ?? {}
    tls.set(host, { ...others, ownCa: [...ownCa, pem] })
  }
  return tls
}

function checkedHost(text: string, flag: string): string {
  const host = text.toLowerCase()
  if (/^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(?::\d{1,5})?$/.test(host)) return host
  throw new DistError(
    'INVALID_ARGUMENT',
    `${flag}: "${sanitize(text, 100)}" is not a host: give name[:port] as in references`,
  )
}

function contradiction(host: string): DistError {
  return new DistError(
    'INVALID_ARGUMENT',
    `--plain-http ${host}: conflicts with --ca-file or --insecure-skip-tls-verify: plain http has no certificate`,
  )
}
