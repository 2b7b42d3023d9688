import type { AddressKind } from '@dist/remotes'
import { checkClear, type Endpoint, type TlsMaterial, tlsFor, urlOf } from '../endpoint.js'
import type { Connections } from './exchange.js'
import { checkLiteral, type Lookup, type Rule, ruleFor, systemLookup, webhookRule } from './guard.js'
import { Peers } from './peers.js'
import { type Lane, Pools } from './pools.js'
import { createProxySelector, type ProxySettings } from './proxy.js'

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

export interface WebhookOptions {
  /** Nets that are allowed beside public addresses. */
  readonly addresses: readonly string[]
  /** Authorities that are trusted in addition to the well-known ones, PEM. */
  readonly ca: readonly string[]
}

/** Connection pools, separate for each TLS configuration and registry. Dispose closes them. */
export interface Agents extends AsyncDisposable {
  /**
   * The connections to a URL to which an endpoint led. A forbidden address is `PERMISSION_DENIED`, thrown here or by the
   * request (R35). Lanes do not share connections. Throws `INVALID_ARGUMENT` for an invalid setting of the URL's proxy.
   */
  dispatcher(url: URL, endpoint: Endpoint, lane?: Lane): Connections | Promise<Connections>
  /** The connections to a webhook, by `webhookRule`. Throws as `dispatcher`. */
  webhook(url: URL, options: WebhookOptions): Connections | Promise<Connections>
  /** The kind of address at which an endpoint was reached. Undefined: not reached yet, or through a proxy. */
  reachedAt(endpoint: Endpoint): AddressKind | undefined
  /** Records what `reachedAt` returned in another thread. */
  recordReached(endpoint: Endpoint, kind: AddressKind): void
}

type Chosen = ReturnType<Agents['dispatcher']>

export function createAgents(options: AgentsOptions = {}): Agents {
  const { addresses = [], connectionsPerHost = 16, connectTimeout = 10_000, lookup = systemLookup } = options
  const peers = new Peers()
  const pools = new Pools({ connectionsPerHost, connectTimeout, lookup, peers })
  const proxyFor = createProxySelector(options.proxy ?? {})
  const choose = (url: URL, endpoint: Endpoint, lane: Lane) => {
    checkClear(endpoint, url)
    return connectionsTo(url, ruleFor(url, endpoint, peers, addresses), tlsFor(endpoint, url), lane)
  }
  const connectionsTo = (url: URL, rule: Rule, tls: TlsMaterial | undefined, lane: Lane) => {
    checkLiteral(url, rule)
    const kind = { rule, tls, lane }
    const proxy = proxyFor(url)
    if (proxy === undefined) return pools.direct(kind)
    // Plain http goes to a proxy as requests, not through a tunnel.
    const isPlain = lane === 'content' && url.protocol === 'http:'
    return pools.through(proxy, isPlain ? { ...kind, lane: 'requests' } : kind)
  }
  // Of endpoints at their own origins, where nearly all requests go and the choice is always the same.
  const own: Record<Lane, WeakMap<Endpoint, Chosen>> = {
    requests: new WeakMap(),
    uploads: new WeakMap(),
    content: new WeakMap(),
  }
  return {
    dispatcher(url, endpoint, lane = 'requests') {
      if (url.origin !== urlOf(endpoint).origin) return choose(url, endpoint, lane)
      const chosen = own[lane].get(endpoint) ?? choose(url, endpoint, lane)
      own[lane].set(endpoint, chosen)
      return chosen
    },
    webhook: (url, { addresses, ca }) =>
      connectionsTo(url, webhookRule(addresses), ca.length === 0 ? undefined : { ca }, 'requests'),
    reachedAt: (endpoint) => peers.kindOf(urlOf(endpoint).hostname),
    recordReached: (endpoint, kind) => peers.record(urlOf(endpoint).hostname, kind),
    // Requests still in flight are aborted: the caller has disposed of the client.
    [Symbol.asyncDispose]: () => pools.destroy(),
  }
}
