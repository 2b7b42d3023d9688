// A separate file, imported only with a proxy: all of undici costs 70 ms at start. All of it is needed, because the proxy
// agent alone lacks a method that it calls.
import type { Socket } from 'node:net'
import { buildConnector, Client, errors, ProxyAgent } from 'undici'
import type { Connect } from '../receive/connection.js'
import { openInTunnel } from '../receive/open-socket.js'
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

/** Opens sockets to https origins through tunnels of a proxy. */
export function throughTunnel(
  proxy: ProxyServer,
  { timeoutMs: timeout, tls }: Omit<ProxyAgentOptions, 'connections'>,
): Connect {
  return openInTunnel(buildConnector({ timeout, ...tls }), (origin, signal) =>
    openTunnel(proxy, origin, timeout, signal),
  )
}

async function openTunnel(
  { url, authorization }: ProxyServer,
  { host, hostname, port }: URL,
  timeout: number,
  signal: AbortSignal,
): Promise<Socket> {
  const client = new Client(url, { connect: { timeout } })
  try {
    const { statusCode, socket } = await client.connect({
      path: `${hostname}:${port || 443}`,
      headers: { host, ...(authorization === undefined ? {} : { 'proxy-authorization': authorization }) },
      signal,
    })
    if (statusCode === 200) return socket as Socket
    socket.on('error', () => {}).destroy()
    // The words of undici's own tunnels.
    throw new errors.RequestAbortedError(`Proxy response (${statusCode}) !== 200 when HTTP Tunneling`)
  } finally {
    // The socket of a tunnel does not belong to the client any more.
    await client.destroy()
  }
}
