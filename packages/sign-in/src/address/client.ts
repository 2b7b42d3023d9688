import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'
import { isIn, parseNet } from '@dist/remotes'
import ipaddr from 'ipaddr.js'

/** What a request tells of who sends it. */
export interface ClientRequest {
  readonly headers: IncomingHttpHeaders
  /** The address of the other end of the connection. Undefined when the connection has ended. */
  readonly remoteAddress: string | undefined
  /** Whether the connection is TLS. */
  readonly encrypted: boolean
}

/** Whether an address is that of a trusted proxy. */
export type ProxyCheck = (address: string) => boolean

/** What a client is called whose connection has ended already. */
const unknown = 'unknown'

/** Trusts the proxies in these networks. `nets`: valid for `parseNet`. */
export function trustProxies(nets: readonly string[]): ProxyCheck {
  if (nets.length === 0) return () => false
  const parsed = nets.map(parseNet).filter((net) => net !== undefined)
  return (address) => isIP(address) !== 0 && isIn(address, parsed)
}

/**
 * The address of the client: that of the connection. When it belongs to a trusted proxy, the last address in
 * `X-Forwarded-For` that does not: a client can write what it likes before that one.
 */
export function clientAddress(
  { remoteAddress, headers }: Pick<ClientRequest, 'remoteAddress' | 'headers'>,
  isProxy: ProxyCheck,
): string {
  let address = addressOf(remoteAddress) ?? unknown
  const hops = textOf(headers['x-forwarded-for'])?.split(',') ?? []
  while (isProxy(address)) {
    const before = addressOf(hops.pop())
    if (before === undefined) break
    address = before
  }
  return address
}

/** Whether the client speaks https, with this server or with a trusted proxy before it. */
export function isEncrypted(
  { encrypted, remoteAddress, headers }: ClientRequest,
  isProxy: ProxyCheck,
): boolean {
  if (encrypted || !isProxy(addressOf(remoteAddress) ?? unknown)) return encrypted
  return textOf(headers['x-forwarded-proto'])?.split(',').at(-1)?.trim().toLowerCase() === 'https'
}

/** Whether headers say that a request came through a proxy. */
export function isForwarded(headers: IncomingHttpHeaders): boolean {
  const { forwarded, via } = headers
  const others = Object.keys(headers).some((name) => name.startsWith('x-forwarded-') || name === 'x-real-ip')
  return others || forwarded !== undefined || via !== undefined
}

/** What limits count an address as: of IPv6 the network of 64 bits, which one client has as a whole. */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address
  const bytes = ipaddr.parse(address).toByteArray().slice(0, 8)
  return `${Buffer.from(bytes).toString('hex')}/64`
}

/** An address with or without a port: `10.0.0.1:80`, `[fd00::1]:80`. Undefined for other texts. */
function addressOf(text: string | undefined): string | undefined {
  const trimmed = text?.trim() ?? ''
  const [, bracketed, plain] = /^\[([^\]]+)\](?::\d+)?$|^([\d.]+):\d+$/.exec(trimmed) ?? []
  const bare = bracketed ?? plain ?? trimmed
  const version = isIP(bare)
  if (version === 0) return undefined
  if (version === 4) return bare
  // A server that listens on :: sees ::ffff:10.0.0.1 for 10.0.0.1.
  return ipaddr.process(bare).toString()
}

function textOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(',') : header
}
