import { BlockList, isIP } from 'node:net'
import { isLoopback } from '../endpoint.js'

// IANA's special-purpose registries: loopback, private, link-local (with the clouds' metadata services), shared
// and multicast space.
const internal = new BlockList()
for (const [net, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['224.0.0.0', 3],
] as const)
  internal.addSubnet(net, prefix, 'ipv4')
for (const [net, prefix] of [
  ['::', 127],
  ['64:ff9b::', 96],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  internal.addSubnet(net, prefix, 'ipv6')

/** Whether an address is not one of the public internet. */
export function isInternalAddress(address: string): boolean {
  const family = isIP(address)
  return family !== 0 && internal.check(address, family === 4 ? 'ipv4' : 'ipv6')
}

/** Whether a URL's host is, by what it says, inside: an internal address, or a name of this machine. */
export function isInternalHost(hostname: string): boolean {
  const bare = hostname.replace(/^\[|\]$/g, '')
  return isLoopback(hostname) || bare.endsWith('.localhost') || isInternalAddress(bare)
}
