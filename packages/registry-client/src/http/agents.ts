import type { LookupFunction } from 'node:net'
import { rootCertificates } from 'node:tls'
import type { AddressKind } from '@dist/remotes'
import type { Agent as AgentType, Dispatcher } from 'undici'
import buildConnector from 'undici/lib/core/connect.js'
import Agent from 'undici/lib/dispatcher/agent.js'
import { checkClear, type Endpoint, type TlsMaterial, tlsFor } from '../endpoint.js'
import type { Connections } from './exchange.js'
import { checkLiteral, guardedConnector, type Lookup, type Rule, ruleFor, systemLookup } from './guard.js'
import { Peers } from './peers.js'
import { createProxySelector, type ProxyServer, type ProxySettings } from './proxy.js'

export interface AgentsOptions {
  /** Connections kept to one host. Default: 16. */
  readonly connectionsPerHost?: number | undefined
  /** Milliseconds for a connection to come about, TLS included. Default: 10 s. */
  readonly connectTimeout?: number | undefined
  /** Default: none, every host is reached directly. */
  readonly proxy?: ProxySettings | undefined
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
   * or from the request. `lane`: those of one never wait for the connections of another. Throws `INVALID_ARGUMENT` where
   * the URL's proxy cannot be right.
   */
  dispatcher(url: URL, endpoint: Endpoint, lane?: Lane): Connections | Promise<Connections>
  /** The kind of address at which an endpoint was reached. Undefined: it was not, or through a proxy. */
  reachedAt(endpoint: Endpoint): AddressKind | undefined
  /** Takes over what other agents know by `reachedAt`. */
  met(endpoint: Endpoint, kind: AddressKind): void
}

export function createAgents(options: AgentsOptions = {}): Agents {
  const direct = new Map<string, Dispatcher>()
  const proxied = new Map<string, Promise<Dispatcher>>()
  const { addresses = [], lookup = systemLookup } = options
  const proxyFor = createProxySelector(options.proxy ?? {})
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
      checkClear(endpoint, url)
      const rule = ruleFor(url, endpoint, peers, addresses)
      checkLiteral(url, rule)
      const tls = tlsFor(endpoint, url)
      const key = `${lane} ${rule.key} ${tls === undefined ? '' : JSON.stringify(tls)}`
      const proxy = proxyFor(url)
      if (proxy === undefined) return remembered(direct, key, () => new Agent(agentOptions(rule, tls)))
      return remembered(proxied, `${proxy.url} ${key}`, () => proxyAgent(proxy, options, tls))
    },
    reachedAt: ({ url }) => peers.kindOf(new URL(url).hostname),
    met: ({ url }, kind) => peers.met(new URL(url).hostname, kind),
    async [Symbol.asyncDispose]() {
      const made = await Promise.allSettled(proxied.values())
      // Whoever asked for what could not be made was told.
      const agents = made.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
      // What is still under way was given up by whoever disposes.
      await Promise.all([...direct.values(), ...agents].map((dispatcher) => dispatcher.destroy()))
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
  proxy: ProxyServer,
  { connectionsPerHost = 16, connectTimeout = 10_000 }: AgentsOptions,
  tls: TlsMaterial | undefined,
): Promise<Dispatcher> {
  const { ThroughProxy } = await import('./proxy-agent.js')
  return new ThroughProxy(proxy, {
    connections: connectionsPerHost,
    timeout: connectTimeout,
    tls: tlsOptions(tls),
  })
}

function tlsOptions(tls: TlsMaterial | undefined) {
  if (tls === undefined) return {}
  const { ca = [], ownCa = [], client, skipVerify } = tls
  const authorities = [...ca, ...ownCa]
  return {
    // `ca` would otherwise replace the well-known authorities, and a mirror's CA break its redirects.
    ...(authorities.length === 0 ? {} : { ca: [...rootCertificates, ...authorities] }),
    ...(client === undefined ? {} : { cert: client.map((c) => c.cert), key: client.map((c) => c.key) }),
    ...(skipVerify === true ? { rejectUnauthorized: false } : {}),
  }
}
