import { BlockList, isIP } from 'node:net'

interface Domain {
  /** Begins with a dot. */
  readonly suffix: string
  /** Whether it includes the domain itself, and not only its subdomains. */
  readonly itself: boolean
  readonly port: string | undefined
}

interface Address {
  readonly list: BlockList
  readonly port: string | undefined
}

/**
 * The hosts that are reached without a proxy, by the rules of Go (x/net/http/httpproxy) for `NO_PROXY`: words separated by
 * commas, each a domain with its subdomains (`example.com`), only its subdomains (`*.example.com`), an address, or a net
 * (`10.0.0.0/8`), names and addresses also with a port; `*` for all. As in curl, a leading dot includes the domain itself,
 * and blanks separate as well. Other words are ignored.
 */
export class DirectHosts {
  readonly #all: boolean
  readonly #addresses: Address[] = []
  readonly #domains: Domain[] = []

  constructor(noProxy: string) {
    const words = noProxy
      .toLowerCase()
      .split(/[\s,]+/)
      .filter((word) => word !== '')
    this.#all = words.includes('*')
    for (const word of words) this.#add(word)
  }

  /** Whether a URL's host is reached directly. Loopback always is. */
  has({ protocol, hostname, port: given }: URL): boolean {
    const host = bare(hostname).replace(/\.$/, '')
    if (this.#all || host === 'localhost' || holds(loopback, host)) return true
    const port = given === '' ? (protocol === 'http:' ? '80' : '443') : given
    const matchesPort = (each: { readonly port: string | undefined }) =>
      each.port === undefined || each.port === port
    if (isIP(host) !== 0) return this.#addresses.some((each) => matchesPort(each) && holds(each.list, host))
    return this.#domains.some(
      (each) =>
        matchesPort(each) && (host.endsWith(each.suffix) || (each.itself && `.${host}` === each.suffix)),
    )
  }

  #add(word: string): void {
    const [, net = '', bits] = /^([^/]+)\/(\d{1,3})$/.exec(word) ?? []
    const [, host = word, port] = isIP(word) === 6 ? [] : (/^(.*):(\d+)$/.exec(word) ?? [])
    const name = bare(host)
    if (bits !== undefined) this.#addNet(net, Number(bits))
    else if (isIP(name) !== 0) this.#addAddress(name, port)
    else if (name !== '') this.#domains.push({ ...domainOf(name), port })
  }

  #addNet(net: string, bits: number): void {
    const list = new BlockList()
    if (isIP(net) === 0 || bits > (isIP(net) === 4 ? 32 : 128)) return
    list.addSubnet(net, bits, familyOf(net))
    this.#addresses.push({ list, port: undefined })
  }

  #addAddress(address: string, port: string | undefined): void {
    const list = new BlockList()
    list.addAddress(address, familyOf(address))
    this.#addresses.push({ list, port })
  }
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8)
loopback.addAddress('::1', 'ipv6')

function holds(list: BlockList, address: string): boolean {
  return isIP(address) !== 0 && list.check(address, familyOf(address))
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6'
}

function domainOf(word: string): { suffix: string; itself: boolean } {
  if (word.startsWith('*.')) return { suffix: ascii(word.slice(1)), itself: false }
  return { suffix: ascii(word.startsWith('.') ? word : `.${word}`), itself: true }
}

/** The name as URLs spell it. */
function ascii(suffix: string): string {
  const url = `http://${suffix.slice(1)}`
  return URL.canParse(url) ? `.${new URL(url).hostname}` : suffix
}

/** An IPv6 address without its brackets. */
function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1')
}
