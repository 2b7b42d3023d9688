import { ADDRCONFIG } from 'node:dns'
import { lookup as lookupAddresses } from 'node:dns/promises'
import { isIP, type LookupFunction, type Socket } from 'node:net'
import { DistError, sanitize } from '@dist/errdefs'
import { type AddressKind, isIn, isOutward, kindOfAddress, literalAddress, parseNet } from '@dist/remotes'
import type buildConnector from 'undici/lib/core/connect.js'
import { type Endpoint, hostsFileAdvice } from '../endpoint.js'
import type { Peers } from './peers.js'

/** The addresses of a host name; rejects where there are none. */
export type Lookup = (hostname: string) => Promise<readonly string[]>

export const systemLookup: Lookup = async (hostname) =>
  (await lookupAddresses(hostname, { all: true, hints: ADDRCONFIG })).map(({ address }) => address)

/** Which addresses may be connected to on the word of a registry. */
export interface Rule {
  readonly endpoint: Endpoint
  /** Whether a user named the host: the registry's own, and token servers that its settings list. */
  readonly named: boolean
  /** The innermost kind of address that a host may have. */
  floor(hostname: string): AddressKind
  /** Nets that are allowed besides: `10.0.0.0/8`. */
  readonly addresses: readonly string[]
  /** The same for rules that say the same. */
  readonly key: string
}

/**
 * The rule for a URL that a registry led to. An address may be of the kind at which the registry was reached, or of a
 * more public one; a registry that is reached through a proxy by its name counts as public. Hosts that the user named
 * are held to where they were reached before.
 */
export function ruleFor(url: URL, endpoint: Endpoint, peers: Peers, everywhere: readonly string[]): Rule {
  const own = new URL(endpoint.url).hostname
  const named = url.hostname === own || namesRealm(endpoint, url)
  const fixed = peers.kindOf(own) ?? literalKind(own) ?? 'public'
  const floor = named ? (hostname: string) => peers.kindOf(hostname) ?? 'loopback' : () => fixed
  const addresses = [...(endpoint.addresses ?? []), ...everywhere]
  const key = [endpoint.url, endpoint.hostsFile, named ? 'named' : fixed, ...addresses].join(' ')
  return { endpoint, named, floor, addresses, key }
}

/** Whether a registry's settings list a host as its token server, with its port or for all of them. */
export function namesRealm({ realms = [] }: Endpoint, { hostname, port, protocol }: URL): boolean {
  const withPort = `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`
  return realms.some((realm) => [hostname, withPort].includes(realm.toLowerCase()))
}

/** Throws `PERMISSION_DENIED` for a URL whose host is, by what it says, an address that must not be connected to. */
export function checkLiteral({ hostname }: URL, rule: Rule): void {
  const address = literalAddress(hostname)
  if (address !== undefined && !isAllowed(hostname, address, rule)) throw refusal(hostname, [address], rule)
}

/**
 * Connects to those of a name's addresses that the rule allows; what was judged is what is connected to, and the name
 * stays what TLS verifies. `PERMISSION_DENIED` where none is left. `connect` makes a connector that looks names up so.
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
      // Where there is an error, there is no second value, whatever the types say.
      const [error, socket] = result
      if (error === null) meet(options.hostname, socket, rule, peers)
      callback(...result)
    })
}

async function allowedAddresses(hostname: string, rule: Rule, lookup: Lookup) {
  const addresses = await lookup(hostname)
  const allowed = addresses.filter((address) => isAllowed(hostname, address, rule))
  if (allowed.length === 0) throw refusal(hostname, addresses, rule)
  return allowed.map((address) => ({ address, family: isIP(address) }))
}

function meet(hostname: string, socket: Socket, rule: Rule, peers: Peers): void {
  const address = socket.remoteAddress
  if (!rule.named || address === undefined || literalAddress(hostname) !== undefined) return
  const kind = kindOfAddress(address)
  // What a setting allows says nothing of where the host is otherwise.
  if (kind !== undefined && !isAllowedBySetting(address, rule)) peers.met(hostname, kind, socket)
}

function isAllowed(hostname: string, address: string, rule: Rule): boolean {
  const kind = kindOfAddress(address)
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
    return new DistError('UNAVAILABLE', `the host ${host} has no address`, { retryable: false })
  const [address = ''] = addresses
  const isLiteral = literalAddress(hostname) !== undefined
  const line = `addresses = [${addresses.map((one) => `"${one}"`).join(', ')}]`
  const why = `${host} ${isLiteral ? 'is' : `has ${address},`} ${described(hostname, address, rule)}`
  return new DistError(
    'PERMISSION_DENIED',
    `${why}: not asked; if that is right, ${hostsFileAdvice(rule.endpoint, line)}`,
  )
}

function described(hostname: string, address: string, { endpoint, named, floor }: Rule): string {
  const kind = kindOfAddress(address)
  if (kind === undefined) return 'a link-local or metadata address'
  const least = floor(hostname)
  const other = named ? `it had a ${least} one before` : `${new URL(endpoint.url).host} counts as ${least}`
  return `a ${kind} address, while ${other}`
}
