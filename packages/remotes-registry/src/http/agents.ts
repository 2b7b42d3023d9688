import { rootCertificates } from 'node:tls'
import type { Agent as AgentType, Dispatcher } from 'undici'
import Agent from 'undici/lib/dispatcher/agent.js'
import { isLoopback, type TlsMaterial } from '../endpoint.js'

export interface ProxySettings {
  /** For http. */
  readonly httpProxy?: string
  /** For https. Default: `httpProxy`. */
  readonly httpsProxy?: string
  /** Hosts that are reached directly, as in `NO_PROXY`. Loopback always is. */
  readonly noProxy?: string
}

export interface AgentsOptions {
  /** Connections kept to one host. Default: 16. */
  readonly connectionsPerHost?: number
  /** Milliseconds for a connection to come about, TLS included. Default: 10 s. */
  readonly connectTimeout?: number
  readonly proxy?: ProxySettings
}

/** An upload waits for the download that feeds it: it must not take the last connection from it. */
export type Lane = 'requests' | 'uploads'

/** Keeps connections, apart for each TLS configuration. Dispose closes them. */
export interface Agents extends AsyncDisposable {
  /** `lane`: those of one never wait for the connections of another. */
  dispatcher(url: URL, tls?: TlsMaterial, lane?: Lane): Dispatcher | Promise<Dispatcher>
}

export function createAgents(options: AgentsOptions = {}): Agents {
  const direct = new Map<string, Dispatcher>()
  const proxied = new Map<string, Promise<Dispatcher>>()
  const proxy = options.proxy
  const proxies = Boolean(proxy?.httpProxy || proxy?.httpsProxy)
  return {
    dispatcher(url, tls, lane = 'requests') {
      const key = `${lane} ${tls === undefined ? '' : JSON.stringify(tls)}`
      if (!proxies || isLoopback(url.hostname))
        return remembered(direct, key, () => new Agent(agentOptions(options, tls)))
      return remembered(proxied, key, () => proxyAgent(options, tls))
    },
    async [Symbol.asyncDispose]() {
      const all = [...direct.values(), ...(await Promise.all(proxied.values()))]
      // What is still under way was given up by whoever disposes.
      await Promise.all(all.map((dispatcher) => dispatcher.destroy()))
    },
  }
}

function remembered<T>(map: Map<string, T>, key: string, make: () => T): T {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}

function agentOptions(options: AgentsOptions, tls: TlsMaterial | undefined): AgentType.Options {
  const { connectionsPerHost = 16, connectTimeout = 10_000 } = options
  return {
    connections: connectionsPerHost,
    pipelining: 1,
    connect: { timeout: connectTimeout, ...tlsOptions(tls) },
  }
}

async function proxyAgent(options: AgentsOptions, tls: TlsMaterial | undefined): Promise<Dispatcher> {
  const { EnvHttpProxyAgent } = await import('./proxy-agent.js')
  const { httpProxy, httpsProxy, noProxy } = options.proxy ?? {}
  // An empty string, unlike undefined, keeps the agent from reading the environment itself.
  return new EnvHttpProxyAgent({
    ...agentOptions(options, tls),
    httpProxy: httpProxy ?? '',
    httpsProxy: httpsProxy ?? '',
    noProxy: noProxy ?? '',
    // Proxies commonly refuse CONNECT to port 80.
    proxyTunnel: false,
    requestTls: tlsOptions(tls),
  })
}

function tlsOptions(tls: TlsMaterial | undefined) {
  if (tls === undefined) return {}
  const { ca, client, skipVerify } = tls
  return {
    // `ca` would otherwise replace the well-known authorities, and a mirror's CA break its redirects.
    ...(ca === undefined ? {} : { ca: [...rootCertificates, ...ca] }),
    ...(client === undefined ? {} : { cert: client.map((c) => c.cert), key: client.map((c) => c.key) }),
    ...(skipVerify === true ? { rejectUnauthorized: false } : {}),
  }
}
