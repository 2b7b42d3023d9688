import type { LookupFunction } from 'node:net'
import { rootCertificates } from 'node:tls'
import type { Agent as AgentType, Dispatcher } from 'undici'
import buildConnector from 'undici/lib/core/connect.js'
import Agent from 'undici/lib/dispatcher/agent.js'
import { type Endpoint, isLoopback, type TlsMaterial, tlsFor } from '../endpoint.js'
import type { Kind } from './addresses.js'
import { checkLiteral, guardedConnector, type Lookup, type Rule, ruleFor, systemLookup } from './guard.js'
import { Peers } from './peers.js'

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
  /** Nets that every registry may lead to, whatever it is itself: `10.0.0.0/8`. Default: none. */
  readonly addresses?: readonly string[] | undefined
  /** Resolves host names. Default: the system's resolver. */
  readonly lookup?: Lookup | undefined
}

/** An upload waits for the download that feeds it: it must not take the last connection from it. */
export type Lane = 'requests' | 'uploads'

/** Keeps connections, apart for each TLS configuration and registry. Dispose closes them. */
export interface Agents extends AsyncDisposable {
  /**
   * What connects to a URL that an endpoint led to, only where that may be; what is refused is `PERMISSION_DENIED`, here
   * or from the request. `lane`: those of one never wait for the connections of another.
   */
  dispatcher(url: URL, endpoint: Endpoint, lane?: Lane): Dispatcher | Promise<Dispatcher>
  /** The kind of address at which an endpoint was reached. Undefined: it was not, or through a proxy. */
  reachedAt(endpoint: Endpoint): Kind | undefined
  /** Takes over what other agents know by `reachedAt`. */
  met(endpoint: Endpoint, kind: Kind): void
}

export function createAgents(options: AgentsOptions = {}): Agents {
  const direct = new Map<string, Dispatcher>()
  const proxied = new Map<string, Promise<Dispatcher>>()
  const { proxy, addresses = [], lookup = systemLookup } = options
  const proxies = Boolean(proxy?.httpProxy || proxy?.httpsProxy)
  const peers = new Peers()
  const agentOptions = (rule: Rule, tls: TlsMaterial | undefined): AgentType.Options => {
    const { connectionsPerHost = 16, connectTimeout = 10_000 } = options
    const connect = (lookup: LookupFunction) =>
      buildConnector({ timeout: connectTimeout, lookup, ...tlsOptions(tls) })
    return {
      connections: connectionsPerHost,
      pipelining: 1,
      connect: guardedConnector(connect, rule, peers, lookup),
    }
  }
  return {
    dispatcher(url, endpoint, lane = 'requests') {
      const rule = ruleFor(url, endpoint, peers, addresses)
      checkLiteral(url, rule)
      const tls = tlsFor(endpoint, url)
      const key = `${lane} ${rule.key} ${tls === undefined ? '' : JSON.stringify(tls)}`
      if (!proxies || isLoopback(url.hostname))
        return remembered(direct, key, () => new Agent(agentOptions(rule, tls)))
      return remembered(proxied, key, () => proxyAgent(agentOptions(rule, tls), options, tls))
    },
    reachedAt: ({ url }) => peers.kindOf(new URL(url).hostname),
    met: ({ url }, kind) => peers.met(new URL(url).hostname, kind),
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

async function proxyAgent(
  agentOptions: AgentType.Options,
  options: AgentsOptions,
  tls: TlsMaterial | undefined,
): Promise<Dispatcher> {
  const { EnvHttpProxyAgent } = await import('./proxy-agent.js')
  const { httpProxy, httpsProxy, noProxy } = options.proxy ?? {}
  // An empty string, unlike undefined, keeps the agent from reading the environment itself.
  return new EnvHttpProxyAgent({
    ...agentOptions,
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
