import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/** From which network an address can be reached, most inward first. */
const kinds = ['loopback', 'private', 'public'] as const
export type AddressKind = (typeof kinds)[number]

/** A range of addresses: the first address and the prefix length. */
export type Net = readonly [ipaddr.IPv4 | ipaddr.IPv6, number]

const nets = (...texts: string[]) => texts.map((text) => ipaddr.parseCIDR(text))

// IANA's special-purpose registries. The first match decides; all other addresses are public.
const ranges = {
  // Link-local, with most metadata services; the other metadata services (AWS, Google and Scaleway by IPv6, Alibaba,
  // Azure, Oracle); multicast and broadcast.
  closed: nets(
    '169.254.0.0/16',
    'fe80::/10',
    'fd00:ec2::254/128',
    'fd20:ce::254/128',
    'fd00:42::42/128',
    '100.100.100.200/32',
    '168.63.129.16/32',
    '192.0.0.192/32',
    '224.0.0.0/4',
    '255.255.255.255/32',
    'ff00::/8',
  ),
  // Linux connects 0.0.0.0 and :: to the machine itself.
  loopback: nets('127.0.0.0/8', '0.0.0.0/8', '::1/128', '::/128'),
  private: nets(
    '10.0.0.0/8',
    '172.16.0.0/12',
    '192.168.0.0/16',
    '100.64.0.0/10',
    '192.0.0.0/24',
    '240.0.0.0/4',
    'fc00::/7',
    'fec0::/10',
    '64:ff9b:1::/48',
  ),
}

// IPv6 ranges that embed an IPv4 address, and its byte offset: NAT64 (RFC 6052), IPv4-compatible, translated (RFC 2765),
// 6to4.
const embedding = [
  [ipaddr.parseCIDR('64:ff9b::/96'), 12],
  [ipaddr.parseCIDR('::/96'), 12],
  [ipaddr.parseCIDR('::ffff:0:0:0/96'), 12],
  [ipaddr.parseCIDR('2002::/16'), 2],
] as const

/** The kind of an address; of the embedded IPv4 address where it has one. Undefined: no connection is allowed (R35). */
export function kindOfAddress(address: string): AddressKind | undefined {
  const kind = ipaddr.subnetMatch(embeddedAddress(ipaddr.parse(address)), ranges, 'public')
  return kind === 'closed' ? undefined : (kind as AddressKind)
}

/** The address that a URL's host spells: an IP address, or localhost. Undefined: a name to be resolved. */
export function literalAddress(hostname: string): string | undefined {
  const bare = hostname.replace(/^\[|\]$/g, '')
  if (isIP(bare) !== 0) return bare
  return /(?:^|\.)localhost\.?$/.test(bare) ? '127.0.0.1' : undefined
}

/** Reads `10.0.0.0/8`, `fd00::/8` or a single address. Undefined for anything else. */
export function parseNet(text: string): Net | undefined {
  if (isIP(text) !== 0) {
    const address = ipaddr.parse(text)
    return [address, address.kind() === 'ipv4' ? 32 : 128]
  }
  const [address = ''] = text.split('/', 1)
  return isIP(address) !== 0 && ipaddr.isValidCIDR(text) ? ipaddr.parseCIDR(text) : undefined
}

/** Whether an address, or the IPv4 address embedded in it, is in one of the nets. */
export function isIn(address: string, allowed: readonly Net[]): boolean {
  const parsed = ipaddr.parse(address)
  return [parsed, embeddedAddress(parsed)].some((one) =>
    allowed.some((net) => one.kind() === net[0].kind() && one.match([...net])),
  )
}

/** Whether `kind` is `floor` or a more public one. */
export function isOutward(kind: AddressKind, floor: AddressKind): boolean {
  return kinds.indexOf(kind) >= kinds.indexOf(floor)
}

function embeddedAddress(address: ipaddr.IPv4 | ipaddr.IPv6): ipaddr.IPv4 | ipaddr.IPv6 {
  if (!isIPv6(address)) return address
  if (address.isIPv4MappedAddress()) return address.toIPv4Address()
  const bytes = address.toByteArray()
  // :: and ::1 embed nothing.
  if (bytes.slice(0, 15).every((byte) => byte === 0)) return address
  const found = embedding.find(([net]) => address.match(net))
  return found === undefined ? address : ipaddr.fromByteArray(bytes.slice(found[1], found[1] + 4))
}

function isIPv6(address: ipaddr.IPv4 | ipaddr.IPv6): address is ipaddr.IPv6 {
  return address.kind() === 'ipv6'
}
