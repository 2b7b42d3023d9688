import { DistError, sanitize } from '@dist/errdefs'
import { DirectHosts } from './no-proxy.js'

/** Proxies as in the environment variables. Plain data: can be sent to another thread. */
export interface ProxySettings {
  /** For http: `http://proxy.internal:3128`, also with `user:password@`, or without a scheme. */
  readonly httpProxy?: string | undefined
  /** The same for https. */
  readonly httpsProxy?: string | undefined
  /** Hosts that are reached directly, by the rules of `DirectHosts`. Loopback always is. */
  readonly noProxy?: string | undefined
}

/** A proxy to connect to. */
export interface ProxyServer {
  /** Scheme, host and port, without credentials: `http://proxy.internal:3128`. */
  readonly url: string
  /** `Basic ...`, for its `Proxy-Authorization`. */
  readonly authorization: string | undefined
}

/** The proxy for a URL; undefined for a direct connection. Throws `INVALID_ARGUMENT` with the name of an invalid setting. */
export type ProxySelector = (url: URL) => ProxyServer | undefined

/** Selects as docker and containerd do: one proxy for http, the other for https. */
export function createProxySelector({ httpProxy, httpsProxy, noProxy = '' }: ProxySettings): ProxySelector {
  const hosts = new DirectHosts(noProxy)
  // Parsed when it is needed: an invalid setting must not fail direct connections.
  const http = once(() => parseProxy(httpProxy, 'HTTP_PROXY'))
  const https = once(() => parseProxy(httpsProxy, 'HTTPS_PROXY'))
  return (url) => {
    if (hosts.has(url)) return undefined
    return url.protocol === 'http:' ? http() : https()
  }
}

/** Parses a variable. Errors never contain user or password. */
function parseProxy(text: string | undefined, variable: string): ProxyServer | undefined {
  if (text === undefined || text.trim() === '') return undefined
  const url = urlOf(text.trim())
  if (url === undefined || url.hostname === '')
    throw new DistError(
      'INVALID_ARGUMENT',
      `${variable} is not the URL of a proxy: expected http://host:port`,
    )
  const { protocol, host, username, password } = url
  if (protocol !== 'http:' && protocol !== 'https:')
    throw new DistError(
      'INVALID_ARGUMENT',
      `${variable}: proxy scheme ${sanitize(protocol, 20)}// is not supported: expected http:// or https://`,
    )
  return {
    url: `${protocol}//${host}`,
    authorization: username === '' && password === '' ? undefined : basic(username, password),
  }
}

function urlOf(text: string): URL | undefined {
  // "proxy:3128" parses as a URL with the scheme "proxy".
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`
  return URL.canParse(withScheme) ? new URL(withScheme) : undefined
}

function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${decode(username)}:${decode(password)}`).toString('base64')}`
}

/** Decodes percent-encoding; a `%` that encodes nothing is kept. */
function decode(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (escaped) =>
    Buffer.from(escaped.replaceAll('%', ''), 'hex').toString(),
  )
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
