import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createTestAuthority, ScriptedRegistry, type ScriptedRegistryOptions } from '@dist/testkit'
import { digestsOf, largeImage, ociImage, tarLayer } from '@dist/testkit/fixtures'
import { type ConnectProxy, type ConnectProxyOptions, startConnectProxy } from '@dist/testkit/servers'
import { describe, expect, it } from 'vitest'
import { forTest } from '../support/servers.js'
import { rehash } from '../support/store-files.js'
import { useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()
const authority = createTestAuthority()
const image = ociImage({ layers: [tarLayer([{ path: 'etc/one', content: 'one\n' }])] })
const reference = 'registry.test/team/app:v1'

interface Options extends ConnectProxyOptions {
  readonly registry?: ScriptedRegistryOptions | undefined
}

/** A registry that only a proxy reaches, as registry.test: https at 443, or http at 80 without TLS. */
async function proxied({ registry: behaviour = { tls: authority.server }, ...options }: Options = {}) {
  const registry = await forTest(new ScriptedRegistry(behaviour).listen())
  registry.content.putImage('team/app', 'v1', image)
  const routes = { 'registry.test:443': registry.host, 'registry.test:80': registry.host }
  const proxy = await forTest(startConnectProxy({ routes, ...options }))
  return { registry, proxy }
}

/** Settings with this scheme for the registry, and its authority. */
function settings(scheme: 'http' | 'https' = 'https'): string[] {
  const folder = join(workspace().root, 'certs.d', 'registry.test')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'ca.pem'), authority.ca)
  writeFileSync(join(folder, 'hosts.toml'), `server = "${scheme}://registry.test"\nca = "ca.pem"\n`)
  return ['--hosts-dir', join(workspace().root, 'certs.d')]
}

const withCredentials = ({ url }: ConnectProxy) => url.replace('//', '//ops:s3cret@')

describe('R34 a registry behind a proxy', () => {
  it.each(['HTTPS_PROXY', 'https_proxy'])('is reached through a tunnel only (%s)', async (name) => {
    const { proxy } = await proxied()
    const ended = await workspace().dist(['pull', ...settings(), reference], { env: { [name]: proxy.url } })
    expect(ended.code, ended.stderr).toBe(0)
    expect(new Set(proxy.requests)).toEqual(new Set(['CONNECT registry.test:443']))
  })

  it('gets whole URLs when it is plain http', async () => {
    const { proxy, registry } = await proxied({ registry: {} })
    const env = { HTTP_PROXY: proxy.url }
    const ended = await workspace().dist(['pull', ...settings('http'), reference], { env })
    expect(ended.code, ended.stderr).toBe(0)
    expect(proxy.requests).toContain('GET http://registry.test/v2/team/app/manifests/v1')
    expect(proxy.requests).toHaveLength(registry.requests.length)
  })

  it('gives tokens and takes uploads the same way', async () => {
    const realm = 'https://registry.test/token'
    const auth = { username: 'ada', password: 'lovelace', realm }
    const { proxy, registry } = await proxied({ registry: { tls: authority.server, auth } })
    const login = Buffer.from('ada:lovelace').toString('base64')
    const authfile = workspace().file(
      'auth.json',
      JSON.stringify({ auths: { 'registry.test': { auth: login } } }),
    )
    const args = ['copy', ...settings(), '--authfile', authfile, reference, 'registry.test/other/app:v2']
    const ended = await workspace().dist(args, { env: { HTTPS_PROXY: proxy.url } })
    expect(ended.code, ended.stderr).toBe(0)
    expect(registry.received({ path: '/token' })).not.toEqual([])
    expect(registry.content.find('other/app', 'manifests', 'v2')?.digest).toBe(image.descriptor.digest)
    expect(new Set(proxy.requests)).toEqual(new Set(['CONNECT registry.test:443']))
  })

  it('is reached by worker threads the same way', async () => {
    const { proxy, registry } = await proxied({ credentials: 'ops:s3cret' })
    registry.content.putImage('team/app', 'large', largeImage())
    const env = { HTTPS_PROXY: withCredentials(proxy), NODE_DEBUG: 'worker' }
    const args = ['pull', ...settings(), 'registry.test/team/app:large']
    const ended = await workspace().dist(args, { env })
    expect(ended.code, ended.stderr).toBe(0)
    expect(ended.stderr).toMatch(/^WORKER \d+:.*create new worker/m)
    expect(await rehash(workspace().store)).toEqual(digestsOf(largeImage()))
    expect(new Set(proxy.requests)).toEqual(new Set(['CONNECT registry.test:443']))
  })

  it('is reached directly with NO_PROXY', async () => {
    const { proxy } = await proxied()
    const env = { HTTPS_PROXY: proxy.url, NO_PROXY: '10.0.0.0/8,.test' }
    const ended = await workspace().dist(['resolve', ...settings(), reference], { env })
    expect(ended.stderr).toContain('host registry.test is unknown')
    expect(ended.code).toBe(1)
    expect(proxy.requests).toEqual([])
  })
})

describe('R34 a proxy', () => {
  it.each([
    ['without a scheme', (proxy: ConnectProxy) => `ops:s3cr%40t@${proxy.host}`],
    ['with one', (proxy: ConnectProxy) => `http://ops:s3cr%40t@${proxy.host}/`],
  ])('gets its credentials, which are never printed: %s', async (_, url) => {
    const { proxy } = await proxied({ credentials: 'ops:s3cr@t' })
    const env = { HTTPS_PROXY: url(proxy) }
    const ended = await workspace().dist(['resolve', '-v', ...settings(), reference], { env })
    expect(ended.code, ended.stderr).toBe(0)
    expect(proxy.refused).toBe(0)
    expect(ended.stdout + ended.stderr).not.toMatch(/s3cr/)
  })

  it('may speak TLS itself', async () => {
    const { proxy } = await proxied({ tls: authority.server })
    const env = { HTTPS_PROXY: proxy.url, NODE_EXTRA_CA_CERTS: workspace().file('ca.pem', authority.ca) }
    const ended = await workspace().dist(['resolve', ...settings(), reference], { env })
    expect(ended.code, ended.stderr).toBe(0)
    expect(proxy.requests).toEqual(['CONNECT registry.test:443'])
  })

  it.each(['https', 'http'] as const)(
    'that wants other credentials is named without those given: %s',
    async (scheme) => {
      const registry = scheme === 'http' ? {} : { tls: authority.server }
      const { proxy } = await proxied({ credentials: 'ops:right', registry })
      const name = `${scheme.toUpperCase()}_PROXY`
      const env = { [name]: proxy.url.replace('//', '//ops:wr0ng@') }
      const ended = await workspace().dist(['resolve', '-v', ...settings(scheme), reference], { env })
      expect(ended.stderr).toContain(
        `proxy ${proxy.url} requires a login (407); check user and password in ${name}`,
      )
      expect(ended.code).toBe(4)
      expect(ended.stderr).not.toMatch(/wr0ng|d3IwbmdA/)
      expect(proxy.refused).toBeGreaterThan(0)
      expect(proxy.refused).toBeLessThanOrEqual(2)
    },
  )

  it('that is not there is what the error names', async () => {
    const { proxy } = await proxied()
    const gone = proxy.host
    await proxy[Symbol.asyncDispose]()
    const env = { HTTPS_PROXY: `ops:hunter2@${gone}` }
    const ended = await workspace().dist(['resolve', '-v', ...settings(), reference], { env })
    expect(ended.stderr).toContain(`proxy http://${gone} cannot be reached (ECONNREFUSED)`)
    expect(ended.stderr).not.toContain('hunter2')
    expect(ended.code).toBe(1)
  })

  it('of a kind that is not supported is refused by name, where it is needed', async () => {
    const env = { HTTPS_PROXY: 'socks5://ops:hunter2@127.0.0.1:1080' }
    const refused = await workspace().dist(['resolve', reference], { env })
    expect(refused.stderr).toBe(
      'dist: registry.test/team/app:v1: HTTPS_PROXY: proxy scheme socks5:// is not supported: expected http:// or https://\n',
    )
    expect(refused.code).toBe(2)
    const { registry } = await proxied({ registry: {} })
    const direct = await workspace().dist(['resolve', `${registry.host}/team/app:v1`], { env })
    expect(direct.code, direct.stderr).toBe(0)
  })
})
