// A separate file, imported only with a proxy: all of undici costs 70 ms at start. All of it is needed, because the proxy
// agent alone lacks a method that it calls.
import { ProxyAgent } from 'undici'
import type { ProxyServer } from './proxy.js'

export interface ProxyAgentOptions {
  /** Connections kept to one host. */
  readonly connections: number
  /** To establish a connection, to the proxy and through it. */
  readonly timeoutMs: number
  /** TLS options for the target host. */
  readonly tls: object
}

/**
 * Connections through a proxy: https through a tunnel, plain http by forward requests, because most proxies refuse tunnels
 * to its port.
 */
export class ThroughProxy extends ProxyAgent {
  /** The proxy's URL, without credentials. */
  readonly proxy: string

  constructor({ url, authorization }: ProxyServer, { connections, timeoutMs, tls }: ProxyAgentOptions) {
    super({
      uri: url,
      ...(authorization === undefined ? {} : { token: authorization }),
      connections,
      pipelining: 1,
      proxyTunnel: false,
      proxyTls: { timeout: timeoutMs },
      requestTls: { timeout: timeoutMs, ...tls },
    })
    this.proxy = url
  }
}
