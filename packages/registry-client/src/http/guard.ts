import { ADDRCONFIG } from 'node:dns'
import { lookup as lookupAddresses } from 'node:dns/promises'
import { isIP, type LookupFunction, type Socket } from 'node:net'
import { DistError, sanitize } from '@dist/errdefs'
import { type AddressKind, isIn, isOutward, kindOfAddress, literalAddress, parseNet } from '@dist/remotes'
import type buildConnector from 'undici/lib/core/connect.js'
import { type Endpoint, hostsFileAdvice, urlOf } from '../endpoint.js'
import type { Peers } from './peers.js'

/** Resolves a host name to its addresses. Rejects without any. */
export type Lookup = (hostname: string) => Promise<readonly string[]>

export const systemLookup: Lookup = async (hostname) =>
  (await lookupAddresses(hostname, { all: true, hints: ADDRCONFIG })).map(({ address }) => address)

/** The addresses that may be connected to (R35). */
export interface Rule {
  /** Why no more inward addresses are allowed: `registry.example.com counts as public`. */
  because(hostname: string): string
  /** What allows these addresses. */
  advice(addresses: readonly string[]): string
  /** Whether nets of the settings allow metadata addresses, too. */
  readonly allowsClosed: boolean
  /** The user has named the host: the registry itself, and token servers in its settings. */
  readonly named: boolean
  /** The most inward kind of address that a host may have. */
  floor(hostname: string): AddressKind
  /** Further allowed nets: `10.0.0.0/8`. */
  readonly addresses: readonly string[]
  /** Equal for equal rules. */
  readonly key: string
}

/**
 * The rule for a URL to which a registry led. Allowed are addresses of the kind at which the registry was reached, and more
 * public ones; a registry reached through a proxy counts as public. A host that the user has named must not become more
 * inward than it was.
 */
export function ruleFor(url: URL, endpoint: Endpoint, peers: Peers, everywhere: readonly string[]): Rule {
  const own = urlOf(endpoint).hostname
  const named = url.hostname === own || namesRealm(endpoint, url)
  const fixed = peers.kindOf(own) ?? literalKind(own) ?? 'public'
  const floor = named ? (hostname: string) => peers.kindOf(hostname) ?? 'loopback' : () => fixed
  const addresses = [...(endpoint.addresses ?? []), ...everywhere]
  const key = [endpoint.url, endpoint.hostsFile, named ? 'named' : fixed, ...addresses].join(' ')
  const because = (hostname: string) => {
    const least = floor(hostname)
    return named ? `it had a ${least} one before` : `${new URL(endpoint.url).host} counts as ${least}`
  }
  const advice = (refused: readonly string[]) => hostsFileAdvice(endpoint, `addresses = [${quoted(refused)}]`)
  return { because, advice, allowsClosed: true, named, floor, addresses, key }
}

/**
 * The rule for a webhook, to which no registry led: public addresses, and those that its own setting allows. No setting allows
 * metadata addresses.
 */
export function webhookRule(addresses: readonly string[]): Rule {
  return {
    because: () => 'webhooks count as public',
    advice: (refused) => `add addresses: [${quoted(refused)}] to the target`,
    allowsClosed: false,
    named: false,
    floor: () => 'public',
    addresses,
    key: ['webhook', ...addresses].join(' '),
  }
}

function quoted(addresses: readonly string[]): string {
  return addresses.map((one) => `"${one}"`).join(', ')
}

/** Whether a registry's settings list a host as its token server, for its port or for all ports. */
export function namesRealm({ realms = [] }: Endpoint, { hostname, port, protocol }: URL): boolean {
  const withPort = `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`
  return realms.some((realm) => [hostname, withPort].includes(realm.toLowerCase()))
}

/** Throws `PERMISSION_DENIED` for a URL whose host spells a forbidden address. */
export function checkLiteral({ hostname }: URL, rule: Rule): void {
  const address = literalAddress(hostname)
  if (address !== undefined && !isAllowed(hostname, address, rule)) throw refusal(hostname, [address], rule)
}

/**
 * Connects to the allowed addresses of a name: the checked address is the one that is used, and TLS verifies the name.
 * `PERMISSION_DENIED` without an allowed address. `connect` creates a connector with the given lookup.
 */
export function guardedConnector(
  connect: (lookup: LookupFunction) => buildConnector.connector,
  rule: Rule,
  peers: Peers,
  lookup: Lookup,
): buildConnector.connector {
  const connector = connect((hostname, { all }, callback) => {
    allowedAddresses(hostname, rule, lookup).then(
      (found) => (all ? callback(null, found) : callback(null, found[0]?.address ?? '', found[0]?.family)),
      (cause: NodeJS.ErrnoException) => callback(cause, ''),
    )
  })
  return (options, callback) =>
    connector(options, (...result) => {
      // The types claim a socket beside an error; there is none.
      const [error, socket] = result
      if (error === null) recordPeer(options.hostname, socket, rule, peers)
      callback(...result)
    })
}

async function allowedAddresses(hostname: string, rule: Rule, lookup: Lookup) {
  const addresses = await lookup(hostname)
  const allowed = addresses.filter((address) => isAllowed(hostname, address, rule))
  if (allowed.length === 0) throw refusal(hostname, addresses, rule)
  return allowed.map((address) => ({ address, family: isIP(address) }))
}

function recordPeer(hostname: string, socket: Socket, rule: Rule, peers: Peers): void {
  const address = socket.remoteAddress
  if (!rule.named || address === undefined || literalAddress(hostname) !== undefined) return
  const kind = kindOfAddress(address)
  // An address that only a setting allows is no evidence of the host's kind.
  if (kind !== undefined && !isAllowedBySetting(address, rule)) peers.record(hostname, kind, socket)
}

function isAllowed(hostname: string, address: string, rule: Rule): boolean {
  const kind = kindOfAddress(address)
  if (kind === undefined && !rule.allowsClosed) return false
  return (kind !== undefined && isOutward(kind, rule.floor(hostname))) || isAllowedBySetting(address, rule)
}

function isAllowedBySetting(address: string, { addresses }: Rule): boolean {
  return isIn(
    address,
    addresses.map(parseNet).filter((net) => net !== undefined),
  )
}

function literalKind(hostname: string): AddressKind | undefined {
  const address = literalAddress(hostname)
  return address === undefined ? undefined : kindOfAddress(address)
}

function refusal(hostname: string, addresses: readonly string[], rule: Rule): DistError {
  const host = sanitize(hostname, 255)
  if (addresses.length === 0)
    return new DistError('UNAVAILABLE', `host ${host} has no address`, { retryable: false })
  const [address = ''] = addresses
  const isLiteral = literalAddress(hostname) !== undefined
  const why = `${host} ${isLiteral ? 'is' : `has ${address},`} ${describeAddress(hostname, address, rule)}`
  const isClosed = kindOfAddress(address) === undefined && !rule.allowsClosed
  const advice = isClosed ? 'no setting allows it' : `to allow it, ${rule.advice(addresses)}`
  return new DistError('PERMISSION_DENIED', `${why}: connection refused; ${advice}`)
}

function describeAddress(hostname: string, address: string, rule: Rule): string {
  const kind = kindOfAddress(address)
  if (kind === undefined) return 'a link-local or metadata address'
  return `a ${kind} address, while ${rule.because(hostname)}`
}
