import { promises as fs } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DistError, sanitize } from '@dist/errdefs'
import { parseNet } from '@dist/remotes'
import { parse, type TomlTable } from 'smol-toml'
import {
  allCapabilities,
  type Capability,
  defaultEndpoint,
  type Endpoint,
  type TlsMaterial,
} from '../endpoint.js'
import { readPem, unreadableError } from './directories.js'

/**
 * Reads a `hosts.toml`: its `[host."url"]` tables in their order, then the server. Beside containerd's keys it takes `realms`
 * and `addresses` at the top level, for all endpoints, as in `Endpoint`.
 */
export async function hostsFromToml(path: string, host: string): Promise<readonly Endpoint[]> {
  const document = await parseFile(path)
  const { server, host: hosts = {} } = document
  if (server !== undefined && typeof server !== 'string') throw invalid(path, 'server is not a string')
  if (!isTable(hosts)) throw invalid(path, 'host is not a table')
  const trust = trustOf(path, document)
  const mirrors = Object.entries(hosts).map(([url, table]) => {
    if (!isTable(table)) throw invalid(path, `host."${url}" is not a table`)
    return endpointOf(path, host, url, table, `host."${url}"`)
  })
  const own = endpointOf(path, host, server ?? defaultEndpoint(host).url, document, 'server')
  const endpoints = await Promise.all([...mirrors, own])
  return endpoints.map((endpoint) => ({ ...endpoint, ...trust, hostsFile: path }))
}

/** The hosts and addresses to which the endpoints may lead in addition. */
function trustOf(path: string, { realms, addresses }: TomlTable): Pick<Endpoint, 'realms' | 'addresses'> {
  return {
    ...(realms === undefined
      ? {}
      : { realms: textsOf(path, 'realms', realms, isHost, 'a host, with or without a port') }),
    ...(addresses === undefined
      ? {}
      : {
          addresses: textsOf(path, 'addresses', addresses, isNet, 'an address or a net such as 10.0.0.0/8'),
        }),
  }
}

function textsOf(
  path: string,
  key: string,
  value: unknown,
  isValid: (text: string) => boolean,
  expected: string,
): string[] {
  if (!Array.isArray(value)) throw invalid(path, `${key} is not a list`)
  return value.map((entry) => {
    if (typeof entry === 'string' && isValid(entry)) return entry
    throw invalid(path, `${key}: "${sanitize(String(entry), 100)}" is not ${expected}`)
  })
}

function isHost(text: string): boolean {
  return URL.canParse(`https://${text}`) && /^[^/?#@\\\s]+$/.test(text)
}

function isNet(text: string): boolean {
  return parseNet(text) !== undefined
}

async function parseFile(path: string): Promise<TomlTable> {
  let text: string
  try {
    text = await fs.readFile(path, 'utf8')
  } catch (cause) {
    throw unreadableError(path, cause)
  }
  try {
    return parse(text)
  } catch (cause) {
    throw new DistError(
      'INVALID_ARGUMENT',
      `${path}: not TOML: ${sanitize(String((cause as Error).message), 200)}`,
      {
        cause,
      },
    )
  }
}

async function endpointOf(
  path: string,
  host: string,
  address: string,
  table: TomlTable,
  where: string,
): Promise<Endpoint> {
  const url = baseUrl(path, address, table.override_path === true)
  const headers = headersOf(path, table.header, where)
  const tls = await tlsOf(path, table, where)
  return {
    url: `${url.origin}${url.pathname === '/' ? '' : url.pathname}`,
    capabilities: capabilitiesOf(path, table.capabilities, where),
    headers,
    tls,
    ...(isMirror(url, host) ? { mirrorOf: host } : {}),
  }
}

function baseUrl(path: string, address: string, overridePath: boolean): URL {
  const text = address.includes('://') ? address : defaultEndpoint(address).url
  if (!URL.canParse(text)) throw invalid(path, `"${sanitize(address, 100)}" is not a URL`)
  const url = new URL(text)
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw invalid(path, `"${sanitize(address, 100)}" is neither https nor http`)
  url.pathname = url.pathname.replace(/\/+$/, '')
  if (!overridePath && !url.pathname.endsWith('/v2')) url.pathname = `${url.pathname.replace(/\/$/, '')}/v2`
  return url
}

function isMirror(url: URL, host: string): boolean {
  return url.host !== new URL(defaultEndpoint(host).url).host
}

function capabilitiesOf(path: string, value: unknown, where: string): readonly Capability[] {
  if (value === undefined) return allCapabilities
  if (!Array.isArray(value)) throw invalid(path, `${where}: capabilities is not a list`)
  const unknown = value.find((entry) => !allCapabilities.includes(entry as Capability))
  if (unknown !== undefined)
    throw invalid(
      path,
      `${where}: "${sanitize(String(unknown), 40)}" is not a capability (pull, resolve, push)`,
    )
  return value as Capability[]
}

function headersOf(path: string, value: unknown, where: string): Record<string, string> | undefined {
  if (value === undefined) return undefined
  if (!isTable(value)) throw invalid(path, `${where}: header is not a table`)
  const entries = Object.entries(value).map(([name, content]): [string, string] => {
    const text = Array.isArray(content) ? content.join(', ') : content
    if (typeof text !== 'string' || /[^\t\x20-\x7e]/.test(text) || !/^[\w!#$%&'*+.^`|~-]+$/.test(name))
      throw invalid(path, `${where}: "${sanitize(name, 60)}" is not a valid header`)
    return [name.toLowerCase(), text]
  })
  return Object.fromEntries(entries)
}

async function tlsOf(path: string, table: TomlTable, where: string): Promise<TlsMaterial | undefined> {
  const directory = dirname(path)
  const read = (name: unknown) => {
    if (typeof name !== 'string') throw invalid(path, `${where}: the name of a certificate is not a string`)
    return readPem(resolve(directory, name))
  }
  const ca = table.ca === undefined ? undefined : await Promise.all([table.ca].flat().map(read))
  const client =
    table.client === undefined
      ? undefined
      : await Promise.all(
          clientPairs(table.client).map(async ([cert, key]) => ({
            cert: await read(cert),
            key: await read(key),
          })),
        )
  const skipVerify = table.skip_verify === true
  if (ca === undefined && client === undefined && !skipVerify) return undefined
  return {
    ca,
    client,
    ...(skipVerify ? { skipVerify } : {}),
  }
}

/**
 * The three forms of containerd: one file with both, a list of such files, or a list of `[certificate, key]` pairs, whose key
 * is empty for a file with both.
 */
function clientPairs(value: unknown): (readonly [unknown, unknown])[] {
  const entries = Array.isArray(value) ? value : [value]
  return entries.map((entry) => {
    if (!Array.isArray(entry)) return [entry, entry]
    const [cert, key] = entry
    return [cert, key === undefined || key === '' ? cert : key]
  })
}

function isTable(value: unknown): value is TomlTable {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
}

function invalid(path: string, what: string): DistError {
  return new DistError('INVALID_ARGUMENT', `${path}: ${what}`)
}
