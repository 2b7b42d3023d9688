import type { LookupFunction } from 'node:net'
import { rootCertificates } from 'node:tls'
import { Slabs } from '@dist/content'
import buildConnector from 'undici/lib/core/connect.js'
import Agent from 'undici/lib/dispatcher/agent.js'
import type { TlsMaterial } from '../endpoint.js'
import type { OnRead } from '../receive/connection.js'
import { openSocket } from '../receive/open-socket.js'
import { type Closable, Receiver } from '../receive/receiver.js'
import { guardedConnector, type Lookup, type Rule } from './guard.js'
import type { Peers } from './peers.js'
import type { ProxyServer } from './proxy.js'

/** An upload waits for its download, so the two must not compete for connections. `content`: a `Receiver` of large bodies. */
export type Lane = 'requests' | 'uploads' | 'content'

/** What separates pools. */
export interface PoolKind {
  readonly rule: Rule
  readonly tls: TlsMaterial | undefined
  readonly lane: Lane
}

export interface PoolsOptions {
  readonly connectionsPerHost: number
  /** Milliseconds to establish a connection, TLS included. */
  readonly connectTimeout: number
  readonly lookup: Lookup
  /** Where hosts were reached. */
  readonly peers: Peers
}

/** Connection pools, each made when it is first needed. */
export class Pools {
  readonly #direct = new Map<string, Closable>()
  readonly #proxied = new Map<string, Promise<Closable>>()
  readonly #slabs = new Slabs()

  constructor(private readonly options: PoolsOptions) {}

  direct(kind: PoolKind): Closable {
    return cached(this.#direct, keyOf(kind), () =>
      kind.lane === 'content' ? this.#receiver(kind) : this.#agent(kind),
    )
  }

  through(proxy: ProxyServer, kind: PoolKind): Promise<Closable> {
    return cached(this.#proxied, `${proxy.url} ${keyOf(kind)}`, () =>
      kind.lane === 'content' ? this.#tunnelReceiver(proxy, kind) : this.#proxyAgent(proxy, kind),
    )
  }

  /** Aborts requests in progress. */
  async destroy(): Promise<void> {
    const made = await Promise.allSettled(this.#proxied.values())
    // The caller of `through` has got the error of a failed one.
    const proxied = made.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
    await Promise.all([...this.#direct.values(), ...proxied].map((each) => each.destroy()))
  }

  #agent(kind: PoolKind): Closable {
    const { connectionsPerHost } = this.options
    return new Agent({ connections: connectionsPerHost, pipelining: 1, connect: this.#connector(kind) })
  }

  #receiver(kind: PoolKind): Closable {
    const connect = openSocket((onread) => this.#connector(kind, onread))
    const undici = () => this.direct({ ...kind, lane: 'requests' })
    return new Receiver({ connect, undici, kept: this.options.connectionsPerHost, slabs: this.#slabs })
  }

  #connector({ rule, tls }: PoolKind, onread?: OnRead): buildConnector.connector {
    const { connectTimeout: timeout, peers, lookup } = this.options
    const connect = (lookup: LookupFunction) =>
      buildConnector({ timeout, lookup, ...tlsOptions(tls), ...(onread === undefined ? {} : { onread }) })
    return guardedConnector(connect, rule, peers, lookup)
  }

  async #proxyAgent(proxy: ProxyServer, { tls }: PoolKind): Promise<Closable> {
    const { connectionsPerHost: connections, connectTimeout: timeoutMs } = this.options
    const { ThroughProxy } = await import('./proxy-agent.js')
    return new ThroughProxy(proxy, { connections, timeoutMs, tls: tlsOptions(tls) })
  }

  async #tunnelReceiver(proxy: ProxyServer, kind: PoolKind): Promise<Closable> {
    const { connectionsPerHost: kept, connectTimeout: timeoutMs } = this.options
    const { throughTunnel } = await import('./proxy-agent.js')
    const connect = throughTunnel(proxy, { timeoutMs, tls: tlsOptions(kind.tls) })
    const agent = await this.through(proxy, { ...kind, lane: 'requests' })
    return new Receiver({ connect, undici: () => agent, kept, slabs: this.#slabs })
  }
}

function keyOf({ lane, rule, tls }: PoolKind): string {
  return `${lane} ${rule.key} ${tls === undefined ? '' : JSON.stringify(tls)}`
}

function cached<T>(map: Map<string, T>, key: string, make: () => T): T {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
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
