import { DistError } from '@dist/errdefs'

/** What an endpoint may be asked for, in the words of containerd's hosts.toml. */
export type Capability = 'pull' | 'resolve' | 'push'

/** Keys and certificates, PEM. */
export interface TlsMaterial {
  /** Authorities that are trusted besides the well-known ones, also where the endpoint leads to. */
  readonly ca?: readonly string[] | undefined
  /** The same, for this host alone. */
  readonly ownCa?: readonly string[] | undefined
  /** Client certificates with their keys. */
  readonly client?: readonly { readonly cert: string; readonly key: string }[] | undefined
  /** Takes any certificate. */
  readonly skipVerify?: boolean | undefined
}

/** Where a registry's API is reached. Plain data: it can be sent to another thread. */
export interface Endpoint {
  /** Base of the API without a slash at its end: `https://registry-1.docker.io/v2`. */
  readonly url: string
  readonly capabilities: readonly Capability[]
  /** Sent with every request to this origin, never to another. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly tls?: TlsMaterial | undefined
  /** The registry that this is a mirror of; sent as `ns`, as containerd does. */
  readonly mirrorOf?: string | undefined
  /** Hosts of token servers that get the credentials although their domain is another: `auth.example.net:5000`. */
  readonly realms?: readonly string[] | undefined
  /** Nets that it may lead to, whatever it is itself: `10.0.0.0/8`. */
  readonly addresses?: readonly string[] | undefined
  /**
   * Set where plain http was allowed host by host: beside its own these hosts may be spoken to in the clear, and no other
   * that it leads to. Default: its own scheme decides.
   */
  readonly clearHosts?: readonly string[] | undefined
  /** TLS settings of other hosts that it may lead to, by host: they were named for themselves. */
  readonly elsewhere?: Readonly<Record<string, TlsMaterial>> | undefined
  /** The file that holds its settings, or would. */
  readonly hostsFile?: string | undefined
}

export const allCapabilities: readonly Capability[] = ['pull', 'resolve', 'push']

/** The endpoint of a registry for which nothing is configured: https, and plain http on loopback. */
export function defaultEndpoint(host: string): Endpoint {
  const server = host === 'docker.io' ? 'registry-1.docker.io' : host
  const scheme = isLoopback(hostnameOf(server)) ? 'http' : 'https'
  return { url: `${scheme}://${server}/v2`, capabilities: allCapabilities }
}

/** The host without its port: `[::1]:5000` is `[::1]`. */
export function hostnameOf(host: string): string {
  return host.replace(/:\d+$/, '')
}

/** Whether a host name or address, without port, is this machine by definition. */
export function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname === '[::1]' ||
    hostname === '::1' ||
    /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname)
  )
}

/**
 * The TLS settings for a URL that an endpoint led to: its own for its own origin; elsewhere its authorities alone,
 * never its client key, and no leave to skip the verification, but for what that host was named with itself.
 */
export function tlsFor({ url: own, tls, elsewhere }: Endpoint, url: URL): TlsMaterial | undefined {
  if (new URL(own).origin === url.origin) return tls
  const inherited = tls?.ca === undefined ? undefined : { ca: tls.ca }
  const named = elsewhere?.[url.host]
  return named === undefined ? inherited : { ...inherited, ...named }
}

/** Throws `PERMISSION_DENIED` for a URL in plain http where an endpoint must not lead to. */
export function checkClear({ url: own, clearHosts }: Endpoint, { protocol, host }: URL): void {
  const { host: ownHost } = new URL(own)
  if (protocol !== 'http:' || clearHosts === undefined || [ownHost, ...clearHosts].includes(host)) return
  throw new DistError(
    'PERMISSION_DENIED',
    `${ownHost} leads to plain http at ${host}, which is allowed for ${clearHosts.join(', ')} alone: if that is right, add --plain-http ${host}`,
  )
}

/** What to do to allow an endpoint something: the line to write, and the file that it goes to. */
export function hostsFileAdvice({ hostsFile = "the registry's hosts.toml" }: Endpoint, line: string): string {
  return `write ${line} at the top of ${hostsFile}`
}
