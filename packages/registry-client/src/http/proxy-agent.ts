// A file of its own, imported when there is a proxy: all of undici costs 70 ms at start. It takes all of it, because
// loaded by itself the proxy agent lacks a method that it calls.
import { ProxyAgent } from 'undici'
import type { ProxyServer } from './proxy.js'

export interface ProxyAgentOptions {
  /** Connections kept to one host. */
  readonly connections: number
  /** Milliseconds for a connection to come about, to the proxy and through it. */
  readonly timeout: number
  /** TLS with whom the proxy leads to. */
  readonly tls: object
}

/**
 * Connections through a proxy: https through a tunnel, plain http as forward proxies take it, since most refuse tunnels to
 * its port.
 */
export class ThroughProxy extends ProxyAgent {
  /** The proxy's URL, fit for messages. */
  readonly proxy: string

  constructor({ url, authorization }: ProxyServer, { connections, timeout, tls }: ProxyAgentOptions) {
    super({
      uri: url,
      ...(authorization === undefined ? {} : { token: authorization }),
      connections,
      pipelining: 1,
      proxyTunnel: false,
      proxyTls: { timeout },
      requestTls: { timeout, ...tls },
    })
    this.proxy = url
  }
}
