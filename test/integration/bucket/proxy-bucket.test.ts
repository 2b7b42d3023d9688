import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { createServer } from 'node:tls'
import { createTestAuthority, startRegistry } from '@dist/testkit'
import { allContent, ociImage, seededLayer } from '@dist/testkit/fixtures'
import {
  type ConnectProxy,
  type ConnectProxyOptions,
  freePort,
  startConnectProxy,
} from '@dist/testkit/servers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { forTest, sharedGateway } from '../support/servers.js'
import { jsonLines, useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()
const authority = createTestAuthority()
// One layer for a single put, and one for an upload in parts.
const image = ociImage({ layers: [seededLayer(1, 64 * 1024), seededLayer(2, 20 * 2 ** 20)] })

const gateway = await sharedGateway()

let prefixes = 0
/** The environment of commands: the store at an address that only a proxy reaches, and its keys. */
function at(endpoint: string, env: Record<string, string>): Record<string, string> {
  return {
    DIST_STORE: gateway.url(`proxied/${++prefixes}`, endpoint),
    ...gateway.env,
    NODE_EXTRA_CA_CERTS: workspace().file('ca.pem', authority.ca),
    ...env,
  }
}

/** Speaks TLS, as registry.test, in front of the gateway; host and port. */
async function tlsFront(): Promise<string> {
  const { hostname, port } = new URL(gateway.endpoint)
  const front = createServer(authority.server, (socket) => {
    const inner = connect(Number(port), hostname)
    socket.on('error', () => inner.destroy()).on('close', () => inner.destroy())
    inner.on('error', () => socket.destroy()).on('close', () => socket.destroy())
    socket.pipe(inner).pipe(socket)
  }).listen(0, '127.0.0.1')
  await once(front, 'listening')
  onTestFinished(() => void front.close())
  return `127.0.0.1:${(front.address() as AddressInfo).port}`
}

async function proxyTo(target: string, options: ConnectProxyOptions = {}): Promise<ConnectProxy> {
  const routes = { 'registry.test:443': target, 'registry.test:8333': target }
  const proxy = await forTest(startConnectProxy({ routes, credentials: 'ops:s3cret', ...options }))
  return proxy
}

const signedIn = ({ host }: ConnectProxy) => `ops:s3cret@${host}`

/** Asserts that an image can be pulled, listed and verified, and that no output has the proxy's password. */
async function expectUsable(env: Record<string, string>): Promise<void> {
  await using registry = await startRegistry()
  registry.content.putImage('app', 'v1', image)
  const pulled = await workspace().dist(['pull', '-v', `${registry.host}/app:v1`], { env })
  expect(pulled.code, pulled.stderr).toBe(0)
  const images = jsonLines((await workspace().dist(['images', '--json'], { env })).stdout)
  expect(images).toMatchObject([{ digest: image.descriptor.digest, missing: [] }])
  const verified = await workspace().dist(['verify'], { env })
  expect(verified.stdout).toContain(`${allContent(image).length} objects`)
  expect(pulled.stderr + verified.stderr).not.toContain('s3cret')
}

describe('R34 a bucket behind a proxy', () => {
  it('is reached through a tunnel', async () => {
    const proxy = await proxyTo(await tlsFront())
    await expectUsable(at('https://registry.test', { HTTPS_PROXY: signedIn(proxy) }))
    expect(new Set(proxy.requests)).toEqual(new Set(['CONNECT registry.test:443']))
    expect(proxy.refused).toBe(0)
  })

  it('gets whole URLs when the endpoint is plain http', async () => {
    const proxy = await proxyTo(new URL(gateway.endpoint).host)
    await expectUsable(at('http://registry.test:8333', { http_proxy: signedIn(proxy) }))
    expect(proxy.requests).not.toEqual([])
    const ofBucket = `http://registry.test:8333/${gateway.bucket}`
    for (const request of proxy.requests)
      expect(request.replace(/^[A-Z]+ /, '').slice(0, ofBucket.length)).toBe(ofBucket)
    expect(proxy.refused).toBe(0)
  })

  it('is reached directly by NO_PROXY, or on loopback', async () => {
    const proxy = await proxyTo(new URL(gateway.endpoint).host)
    const named = at('http://registry.test:8333', { HTTP_PROXY: signedIn(proxy), NO_PROXY: '.test:8333' })
    const ended = await workspace().dist(['images'], { env: named })
    expect(ended.stderr).toContain('the host name is unknown')
    await expectUsable(at(gateway.endpoint, { HTTP_PROXY: signedIn(proxy) }))
    expect(proxy.requests).toEqual([])
  })

  it.each([
    ['https://registry.test', 'HTTPS_PROXY'],
    ['http://registry.test:8333', 'HTTP_PROXY'],
  ])(
    'whose proxy wants other credentials fails without showing the given ones: %s',
    async (endpoint, name) => {
      const proxy = await proxyTo(new URL(gateway.endpoint).host)
      const env = at(endpoint, { [name]: `http://ops:wr0ng@${proxy.host}` })
      const ended = await workspace().dist(['images', '-v'], { env })
      expect(ended.stderr).toMatch(/proxy .*requires a login/)
      expect(ended.stderr).toContain(name)
      expect(ended.code).toBe(4)
      expect(ended.stderr).not.toMatch(/wr0ng|d3IwbmdA/)
    },
  )

  it('whose proxy is missing, or of an unsupported kind, fails by name', async () => {
    const host = `127.0.0.1:${await freePort()}`
    const gone = at('https://registry.test', { HTTPS_PROXY: host })
    const ended = await workspace().dist(['images'], { env: gone })
    expect(ended.stderr).toContain(`proxy http://${host} cannot be reached (ECONNREFUSED)`)
    expect(ended.code).toBe(1)
    const socks = at('https://registry.test', { HTTPS_PROXY: 'socks5://127.0.0.1:1080' })
    const refused = await workspace().dist(['images'], { env: socks })
    expect(refused.stderr).toContain('HTTPS_PROXY: proxy scheme socks5:// is not supported')
    expect(refused.code).toBe(2)
  })
})
