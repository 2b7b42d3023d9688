import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createTestAuthority, reply, startServer } from '@dist/testkit'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import { type Agents, type AgentsOptions, createAgents } from '../src/http/agents.js'
import { defaultTimeouts, exchange } from '../src/http/exchange.js'
import type { Endpoint } from '../src/index.js'

// Everything that these tests connect to is on loopback: a registry that was never reached counts as public.
const publicRegistry: Endpoint = {
  url: 'https://registry.example/v2',
  capabilities: ['pull'],
  hostsFile: '/etc/certs.d/registry.example/hosts.toml',
}

let agents: Agents | undefined

afterEach(() => agents?.[Symbol.asyncDispose]())

async function server(options: Parameters<typeof startServer>[1] = {}) {
  const started = await startServer(() => reply(200, {}, 'hello'), options)
  onTestFinished(() => started[Symbol.asyncDispose]())
  return started
}

function open(names: Record<string, readonly string[]>, options: AgentsOptions = {}) {
  const asked: string[] = []
  const lookup = async (name: string) => {
    asked.push(name)
    return names[name] ?? Promise.reject(Object.assign(new Error('not found'), { code: 'ENOTFOUND' }))
  }
  agents = createAgents({ lookup, ...options })
  return { agents, asked }
}

async function ask(from: Agents, url: string, endpoint: Endpoint): Promise<string> {
  const dispatcher = await from.dispatcher(new URL(url), endpoint)
  const request = { method: 'GET', url: new URL(url), headers: {}, what: 'blob' } as const
  const response = await exchange(dispatcher, request, { timeouts: defaultTimeouts })
  return Buffer.from(await response.body.start(100)).toString()
}

const own = (url: string): Endpoint => ({ url: `${url}/v2`, capabilities: ['pull'] })

test('R35 a name with a more inward address is refused, and the message contains the line that allows it', async () => {
  const { port, requests } = await server()
  const { agents } = open({ 'cdn.example': ['127.0.0.1', '10.0.0.5'] })
  const asking = ask(agents, `http://cdn.example:${port}/`, publicRegistry)
  await expect(asking).rejects.toMatchObject({ code: 'PERMISSION_DENIED', retryable: false })
  await expect(asking).rejects.toThrow(
    'blob: cdn.example has 127.0.0.1, a loopback address, while registry.example counts as public: connection refused; ' +
      'to allow it, add addresses = ["127.0.0.1", "10.0.0.5"] at the top of /etc/certs.d/registry.example/hosts.toml',
  )
  expect(requests).toEqual([])
})

test('R35 the line in the message allows the request', async () => {
  const { port } = await server()
  const { agents } = open({ 'cdn.example': ['127.0.0.1', '10.0.0.5'] })
  const endpoint = { ...publicRegistry, addresses: ['127.0.0.1', '10.0.0.5'] }
  expect(await ask(agents, `http://cdn.example:${port}/`, endpoint)).toBe('hello')
})

test('R35 a net that is allowed for all registries is reached, another one is not', async () => {
  const { port } = await server()
  const { agents } = open(
    { 'cdn.example': ['127.0.0.1'], 'other.example': ['10.0.0.5'] },
    { addresses: ['127.0.0.0/8'] },
  )
  expect(await ask(agents, `http://cdn.example:${port}/`, publicRegistry)).toBe('hello')
  await expect(ask(agents, `http://other.example:${port}/`, publicRegistry)).rejects.toMatchObject({
    code: 'PERMISSION_DENIED',
  })
})

test('R35 of the addresses of a name only those that are allowed are connected to', async () => {
  const connectedTo: (string | undefined)[] = []
  const everywhere = createServer((request, response) => {
    connectedTo.push(request.socket.localAddress)
    response.end('hello')
  })
  await new Promise<void>((resolve) => everywhere.listen(0, '0.0.0.0', resolve))
  onTestFinished(() => void everywhere.close())
  const { port } = everywhere.address() as AddressInfo
  const { agents } = open({ 'cdn.example': ['127.0.0.2', '169.254.169.254', '127.0.0.1'] })
  const endpoint = { ...publicRegistry, addresses: ['127.0.0.1'] }
  expect(await ask(agents, `http://cdn.example:${port}/`, endpoint)).toBe('hello')
  expect(connectedTo).toEqual(['127.0.0.1'])
})

test('R35 a registry on loopback may lead to loopback, private and public addresses, never to link-local ones', async () => {
  const { port, url } = await server()
  const { agents } = open({
    'cdn.example': ['127.0.0.1'],
    'metadata.example': ['169.254.169.254', 'fd00:ec2::254'],
  })
  expect(await ask(agents, `http://cdn.example:${port}/`, own(url))).toBe('hello')
  const asking = ask(agents, 'http://metadata.example/latest', own(url))
  await expect(asking).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
  await expect(asking).rejects.toThrow(
    'has 169.254.169.254, a link-local or metadata address: connection refused',
  )
})

test.each([
  'http://127.0.0.1/',
  'http://localhost/',
  'http://api.localhost/',
  'http://2130706433/',
  'http://[::1]/',
  'http://[::ffff:10.0.0.1]/',
  'http://10.0.0.1/',
  'http://[fd00::1]/',
  'http://0.0.0.0/',
  'http://100.64.0.1/',
  'http://[64:ff9b::192.168.0.1]/',
  'http://169.254.169.254/latest',
  'http://100.100.100.200/latest',
])('R35 a public registry may not lead to %s', async (url) => {
  const { agents, asked } = open({})
  await expect(ask(agents, url, publicRegistry)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
  expect(asked).toEqual([])
})

test('R35 behind a proxy a literal address is judged, a name is left to the proxy', async () => {
  const proxy = await server()
  const { agents, asked } = open({}, { proxy: { httpProxy: proxy.url } })
  expect(await ask(agents, 'http://cdn.example/', publicRegistry)).toBe('hello')
  for (const url of ['http://10.0.0.1/', 'http://169.254.169.254/', 'http://api.localhost/'])
    await expect(ask(agents, url, publicRegistry)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
  expect(proxy.requests.map(({ url }) => url)).toEqual(['http://cdn.example/'])
  expect(asked).toEqual([])
})

test('R35 a host in NO_PROXY is judged by the address that it resolves to', async () => {
  const proxy = await server()
  const { agents } = open(
    { 'cdn.example': ['127.0.0.1'] },
    { proxy: { httpProxy: proxy.url, noProxy: 'cdn.example' } },
  )
  const asking = ask(agents, `http://cdn.example:${proxy.port}/`, publicRegistry)
  await expect(asking).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
  expect(proxy.requests).toEqual([])
})

test('R35 the address of a registry decides to which addresses it may lead; its name is resolved once for each connection', async () => {
  const { port } = await server()
  const { agents, asked } = open({ 'registry.test': ['127.0.0.1'], 'cdn.test': ['127.0.0.1'] })
  const endpoint = own(`http://registry.test:${port}`)
  await expect(ask(agents, `http://cdn.test:${port}/`, endpoint)).rejects.toMatchObject({
    code: 'PERMISSION_DENIED',
  })
  expect(agents.reachedAt(endpoint)).toBeUndefined()
  expect(await ask(agents, `http://registry.test:${port}/v2/`, endpoint)).toBe('hello')
  expect(agents.reachedAt(endpoint)).toBe('loopback')
  expect(await ask(agents, `http://cdn.test:${port}/`, endpoint)).toBe('hello')
  expect(asked).toEqual(['cdn.test', 'registry.test', 'cdn.test'])
})

test('R35 a registry that was reached at a public address does not become inward, whatever its name resolves to later', async () => {
  const { port, requests } = await server()
  const { agents } = open({ 'registry.test': ['127.0.0.1'], 'cdn.test': ['127.0.0.1'] })
  const endpoint = own(`http://registry.test:${port}`)
  agents.recordReached(endpoint, 'public')
  const asking = ask(agents, `http://registry.test:${port}/v2/`, endpoint)
  await expect(asking).rejects.toThrow(
    'a loopback address, while it had a public one before: connection refused',
  )
  await expect(ask(agents, `http://cdn.test:${port}/`, endpoint)).rejects.toMatchObject({
    code: 'PERMISSION_DENIED',
  })
  expect(requests).toEqual([])
})

test('a token server in the settings may have any address except a link-local one', async () => {
  const { port } = await server()
  const { agents } = open({ 'auth.example': ['127.0.0.1'], 'odd.example': ['169.254.1.1'] })
  const endpoint = { ...publicRegistry, realms: [`auth.example:${port}`, 'odd.example'] }
  expect(await ask(agents, `http://auth.example:${port}/`, endpoint)).toBe('hello')
  await expect(ask(agents, 'http://odd.example/', endpoint)).rejects.toMatchObject({
    code: 'PERMISSION_DENIED',
  })
  await expect(ask(agents, `http://auth.example:${port + 1}/`, endpoint)).rejects.toMatchObject({
    code: 'PERMISSION_DENIED',
  })
})

test('TLS verifies the name, although the connection is made to a checked address', async () => {
  const authority = createTestAuthority()
  const { cert, key } = authority.server
  const { port } = await server({ tls: { cert, key } })
  const { agents } = open({ 'other.test': ['127.0.0.1'], 'registry.test': ['127.0.0.1'] })
  const at = (host: string): Endpoint => ({
    url: `https://${host}:${port}/v2`,
    capabilities: ['pull'],
    tls: { ca: [authority.ca] },
  })
  expect(await ask(agents, `https://registry.test:${port}/v2/`, at('registry.test'))).toBe('hello')
  await expect(ask(agents, `https://other.test:${port}/v2/`, at('other.test'))).rejects.toMatchObject({
    code: 'UNAVAILABLE',
  })
})

test('the error of a name that does not resolve names the host', async () => {
  const { agents } = open({})
  await expect(ask(agents, 'http://none.example/', publicRegistry)).rejects.toThrow(
    'host none.example is unknown',
  )
})
