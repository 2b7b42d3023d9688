import { DistError, sanitize } from '@dist/errdefs'
import { DirectHosts } from './no-proxy.js'

/** Proxies as the environment names them. Plain data: it can be sent to another thread. */
export interface ProxySettings {
  /** For http: `http://proxy.internal:3128`, also with `user:password@`, or without a scheme. */
  readonly httpProxy?: string | undefined
  /** The same for https. */
  readonly httpsProxy?: string | undefined
  /** Hosts that are reached directly, by the rules of `NO_PROXY`. Loopback always is. */
  readonly noProxy?: string | undefined
}

/** A proxy to connect to. */
export interface ProxyServer {
  /** Scheme, host and port, and nothing secret: `http://proxy.internal:3128`. */
  readonly url: string
  /** `Basic ...`, for its `Proxy-Authorization`. */
  readonly authorization: string | undefined
}

/** Which proxy leads to a URL; undefined where it is reached directly. Throws `INVALID_ARGUMENT`, naming the setting. */
export type ProxySelector = (url: URL) => ProxyServer | undefined

/** Selects as Go's programs do, docker and containerd among them: http by the one proxy, https by the other. */
export function createProxySelector({ httpProxy, httpsProxy, noProxy = '' }: ProxySettings): ProxySelector {
  const hosts = new DirectHosts(noProxy)
  // Read when it is needed: a proxy that cannot be right keeps nobody from what is reached without.
  const http = once(() => parseProxy(httpProxy, 'HTTP_PROXY'))
  const https = once(() => parseProxy(httpsProxy, 'HTTPS_PROXY'))
  return (url) => {
    if (hosts.has(url)) return undefined
    return url.protocol === 'http:' ? http() : https()
  }
}

/** Reads what a variable says. Neither user nor password is ever part of an error. */
function parseProxy(text: string | undefined, variable: string): ProxyServer | undefined {
  if (text === undefined || text.trim() === '') return undefined
  const url = urlOf(text.trim())
  if (url === undefined || url.hostname === '')
    throw new DistError('INVALID_ARGUMENT', `${variable} names no proxy: give http://host:port`)
  const { protocol, host, username, password } = url
  if (protocol !== 'http:' && protocol !== 'https:')
    throw new DistError(
      'INVALID_ARGUMENT',
      `${variable}: a proxy of the kind ${sanitize(protocol, 20)}// is not supported: give one of http:// or https://`,
    )
  return {
    url: `${protocol}//${host}`,
    authorization: username === '' && password === '' ? undefined : basic(username, password),
  }
}

function urlOf(text: string): URL | undefined {
  // Without a scheme `proxy:3128` would be a URL of the scheme "proxy".
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`
  return URL.canParse(whole) ? new URL(whole) : undefined
}

function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64')}`
}

/** A `%` that escapes nothing stands for itself. */
function decoded(text: string): string {
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
