import { DistError } from '@dist/errdefs'

/** The capabilities of an endpoint, as in containerd's hosts.toml. */
export type Capability = 'pull' | 'resolve' | 'push'

/** Keys and certificates, PEM. */
export interface TlsMaterial {
  /** Authorities trusted in addition to the well-known ones, also for hosts to which the endpoint leads. */
  readonly ca?: readonly string[] | undefined
  /** Authorities for this host alone. */
  readonly ownCa?: readonly string[] | undefined
  /** Client certificates with their keys. */
  readonly client?: readonly { readonly cert: string; readonly key: string }[] | undefined
  /** Accepts any certificate. */
  readonly skipVerify?: boolean | undefined
}

/** A base URL of a registry's API, with its settings. Plain data: can be sent to another thread. */
export interface Endpoint {
  /** Without a slash at the end: `https://registry-1.docker.io/v2`. */
  readonly url: string
  readonly capabilities: readonly Capability[]
  /** Sent with every request to this origin, and to no other. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly tls?: TlsMaterial | undefined
  /** The registry that this is a mirror of; sent as `ns`, as containerd does. */
  readonly mirrorOf?: string | undefined
  /** References that it resolves; content is fetched by digest from it in any case. Default: all. */
  readonly only?: 'tags' | 'digests' | undefined
  /** Repositories that have another name here: those below `from`, or all when it is empty, are below `to`. */
  readonly moved?: { readonly from: string; readonly to: string } | undefined
  /** Token servers of another domain that may get the credentials (R32): `auth.example.net:5000`. */
  readonly realms?: readonly string[] | undefined
  /** Nets to which it may lead (R35): `10.0.0.0/8`. */
  readonly addresses?: readonly string[] | undefined
  /**
   * Set if plain http is allowed by host: beside the endpoint itself only these hosts may be reached by plain http. Default:
   * the endpoint's scheme decides.
   */
  readonly clearHosts?: readonly string[] | undefined
  /** TLS settings by host, for hosts to which it may lead and that have their own settings. */
  readonly elsewhere?: Readonly<Record<string, TlsMaterial>> | undefined
  /** The file for its settings. May not exist. */
  readonly hostsFile?: string | undefined
}

const urls = new WeakMap<Endpoint, URL>()

/** The URL of an endpoint, parsed once: each request needs parts of it. Must not be changed. */
export function urlOf(endpoint: Endpoint): URL {
  const known = urls.get(endpoint)
  if (known !== undefined) return known
  const url = new URL(endpoint.url)
  urls.set(endpoint, url)
  return url
}

export const allCapabilities: readonly Capability[] = ['pull', 'resolve', 'push']

/** The endpoint of a registry without settings: https, and plain http on loopback. */
export function defaultEndpoint(host: string): Endpoint {
  const server = host === 'docker.io' ? 'registry-1.docker.io' : host
  const scheme = isLoopback(hostnameOf(server)) ? 'http' : 'https'
  return { url: `${scheme}://${server}/v2`, capabilities: allCapabilities }
}

/** The name of a repository at an endpoint. */
export function repositoryAt({ moved }: Endpoint, repository: string): string {
  if (moved === undefined) return repository
  const { from, to } = moved
  if (from !== '' && repository !== from && !repository.startsWith(`${from}/`)) return repository
  const rest = repository.slice(from.length).replace(/^\//, '')
  return [to, rest].filter((part) => part !== '').join('/')
}

/** The host without its port: `[::1]:5000` is `[::1]`. */
function hostnameOf(host: string): string {
  return host.replace(/:\d+$/, '')
}

/** Whether a host name or address, without port, is always this machine. */
function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname === '[::1]' ||
    hostname === '::1' ||
    /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname)
  )
}

/**
 * The TLS settings for a URL to which an endpoint led: the endpoint's own for its origin. Other hosts get its authorities
 * and their own settings, never its client key or `skipVerify`.
 */
export function tlsFor(endpoint: Endpoint, url: URL): TlsMaterial | undefined {
  const { tls, elsewhere } = endpoint
  if (urlOf(endpoint).origin === url.origin) return tls
  const inherited = tls?.ca === undefined ? undefined : { ca: tls.ca }
  const own = elsewhere?.[url.host]
  return own === undefined ? inherited : { ...inherited, ...own }
}

/** Throws `PERMISSION_DENIED` for a plain http URL to which the endpoint must not lead. */
export function checkClear(endpoint: Endpoint, { protocol, host }: URL): void {
  const { clearHosts } = endpoint
  const { host: ownHost } = urlOf(endpoint)
  if (protocol !== 'http:' || clearHosts === undefined || [ownHost, ...clearHosts].includes(host)) return
  throw new DistError(
    'PERMISSION_DENIED',
    `${ownHost}: plain http at ${host} refused: allowed only for ${clearHosts.join(', ')}; to allow it, add --plain-http ${host}, or plain-http for it in registries`,
  )
}

/** How to allow an endpoint something: the line, and the file for it. */
export function hostsFileAdvice({ hostsFile = "the registry's hosts.toml" }: Endpoint, line: string): string {
  return `add ${line} at the top of ${hostsFile}`
}
