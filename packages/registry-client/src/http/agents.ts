import type { LookupFunction } from 'node:net'
import { rootCertificates } from 'node:tls'
import type { AddressKind } from '@dist/remotes'
import type { Agent as AgentType, Dispatcher } from 'undici'
import buildConnector from 'undici/lib/core/connect.js'
import Agent from 'undici/lib/dispatcher/agent.js'
import { checkClear, type Endpoint, type TlsMaterial, tlsFor, urlOf } from '../endpoint.js'
import type { Connections } from './exchange.js'
import { checkLiteral, guardedConnector, type Lookup, type Rule, ruleFor, systemLookup } from './guard.js'
import { Peers } from './peers.js'
import { createProxySelector, type ProxyServer, type ProxySettings } from './proxy.js'

export interface AgentsOptions {
  /** Connections kept to one host. Default: 16. */
  readonly connectionsPerHost?: number | undefined
  /** Milliseconds to establish a connection, TLS included. Default: 10,000. */
  readonly connectTimeout?: number | undefined
  /** Default: no proxy. */
  readonly proxy?: ProxySettings | undefined
  /** Nets to which every registry may lead: `10.0.0.0/8`. Default: none. */
  readonly addresses?: readonly string[] | undefined
  /** Resolves host names. Default: the system's resolver. */
  readonly lookup?: Lookup | undefined
}

/** An upload waits for its download, so the two must not compete for connections. */
export type Lane = 'requests' | 'uploads'

/** Connection pools, separate for each TLS configuration and registry. Dispose closes them. */
export interface Agents extends AsyncDisposable {
  /**
   * The connections to a URL to which an endpoint led. A forbidden address is `PERMISSION_DENIED`, thrown here or by the
   * request (R35). Lanes do not share connections. Throws `INVALID_ARGUMENT` for an invalid setting of the URL's proxy.
   */
  dispatcher(url: URL, endpoint: Endpoint, lane?: Lane): Connections | Promise<Connections>
  /** The kind of address at which an endpoint was reached. Undefined: not reached yet, or through a proxy. */
  reachedAt(endpoint: Endpoint): AddressKind | undefined
  /** Records what `reachedAt` returned in another thread. */
  recordReached(endpoint: Endpoint, kind: AddressKind): void
}

type Chosen = ReturnType<Agents['dispatcher']>

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
  const choose = (url: URL, endpoint: Endpoint, lane: Lane) => {
    checkClear(endpoint, url)
    const rule = ruleFor(url, endpoint, peers, addresses)
    checkLiteral(url, rule)
    const tls = tlsFor(endpoint, url)
    const key = `${lane} ${rule.key} ${tls === undefined ? '' : JSON.stringify(tls)}`
    const proxy = proxyFor(url)
    if (proxy === undefined) return cached(direct, key, () => new Agent(agentOptions(rule, tls)))
    return cached(proxied, `${proxy.url} ${key}`, () => proxyAgent(proxy, options, tls))
  }
  // Of endpoints at their own origins, where nearly all requests go and the choice is always the same.
  const own = { requests: new WeakMap<Endpoint, Chosen>(), uploads: new WeakMap<Endpoint, Chosen>() }
  return {
    dispatcher(url, endpoint, lane = 'requests') {
      if (url.origin !== urlOf(endpoint).origin) return choose(url, endpoint, lane)
      const chosen = own[lane].get(endpoint) ?? choose(url, endpoint, lane)
      own[lane].set(endpoint, chosen)
      return chosen
    },
    reachedAt: (endpoint) => peers.kindOf(urlOf(endpoint).hostname),
    recordReached: (endpoint, kind) => peers.record(urlOf(endpoint).hostname, kind),
    async [Symbol.asyncDispose]() {
      const made = await Promise.allSettled(proxied.values())
      // The caller of `dispatcher` has got the error of a failed one.
      const agents = made.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
      // Requests still in flight are aborted: the caller has disposed of the client.
      await Promise.all([...direct.values(), ...agents].map((dispatcher) => dispatcher.destroy()))
    },
  }
}

function cached<T>(map: Map<string, T>, key: string, make: () => T): T {
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
    timeoutMs: connectTimeout,
    tls: tlsOptions(tls),
  })
}

function tlsOptions(tls: TlsMaterial | undefined) {
  if (tls === undefined) return {}
  const { ca = [], ownCa = [], client, skipVerify } = tls
  const authorities = [...ca, ...ownCa]
  return {
    // `ca` replaces Node's root certificates, which redirects of a mirror with its own CA still need.
    ...(authorities.length === 0 ? {} : { ca: [...rootCertificates, ...authorities] }),
    ...(client === undefined ? {} : { cert: client.map((c) => c.cert), key: client.map((c) => c.key) }),
    ...(skipVerify === true ? { rejectUnauthorized: false } : {}),
  }
}
