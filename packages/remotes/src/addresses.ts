import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/** Who can reach an address: this machine, those around it, everybody. From the innermost to the outermost. */
export const kinds = ['loopback', 'private', 'public'] as const
export type AddressKind = (typeof kinds)[number]

/** A range of addresses: the first one and the length of the prefix. */
export type Net = readonly [ipaddr.IPv4 | ipaddr.IPv6, number]

const nets = (...texts: string[]) => texts.map((text) => ipaddr.parseCIDR(text))

// IANA's special-purpose registries. Whatever is in none of these counts as public. The first match decides.
const ranges = {
  // Link-local, where clouds have their metadata services; those that stand elsewhere (AWS, Google and Scaleway by
  // IPv6, Alibaba, Azure, Oracle); and what no connection can be made to.
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
  // Linux connects to itself for 0.0.0.0 and ::.
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

// IPv6 addresses that stand for an IPv4 one, and where it is in them: NAT64 (RFC 6052), IPv4-compatible, translated
// (RFC 2765), 6to4.
const embedding = [
  [ipaddr.parseCIDR('64:ff9b::/96'), 12],
  [ipaddr.parseCIDR('::/96'), 12],
  [ipaddr.parseCIDR('::ffff:0:0:0/96'), 12],
  [ipaddr.parseCIDR('2002::/16'), 2],
] as const

/** The kind of an address, by what it reaches. Undefined: link-local, a cloud's metadata service, or nobody's. */
export function kindOfAddress(address: string): AddressKind | undefined {
  const kind = ipaddr.subnetMatch(reached(ipaddr.parse(address)), ranges, 'public')
  return kind === 'closed' ? undefined : (kind as AddressKind)
}

/** The address that a URL's host is by what it says: an address, or a name of this machine. Undefined: a name. */
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

/** Whether an address, or what it reaches, is in one of the nets. */
export function isIn(address: string, allowed: readonly Net[]): boolean {
  const parsed = ipaddr.parse(address)
  return [parsed, reached(parsed)].some((one) =>
    allowed.some((net) => one.kind() === net[0].kind() && one.match([...net])),
  )
}

/** Whether `kind` is `floor` or a more public one. */
export function isOutward(kind: AddressKind, floor: AddressKind): boolean {
  return kinds.indexOf(kind) >= kinds.indexOf(floor)
}

function reached(address: ipaddr.IPv4 | ipaddr.IPv6): ipaddr.IPv4 | ipaddr.IPv6 {
  if (!isIPv6(address)) return address
  if (address.isIPv4MappedAddress()) return address.toIPv4Address()
  const bytes = address.toByteArray()
  // :: and ::1 are what they are.
  if (bytes.slice(0, 15).every((byte) => byte === 0)) return address
  const found = embedding.find(([net]) => address.match(net))
  return found === undefined ? address : ipaddr.fromByteArray(bytes.slice(found[1], found[1] + 4))
}

function isIPv6(address: ipaddr.IPv4 | ipaddr.IPv6): address is ipaddr.IPv6 {
  return address.kind() === 'ipv6'
}
