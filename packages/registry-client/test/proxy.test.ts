import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect, type Socket } from 'node:net'
import { mediaTypes } from '@dist/oci'
import { createTestAuthority, reply, startServer } from '@dist/testkit'
import { expect, onTestFinished, test } from 'vitest'
import { client, manifestOf, putManifest, refTo, scripted } from './support.js'

const plain = { host: 'registry.test', repository: 'a/b', tag: '1' }
const httpAt = (url: string) => ({
  hosts: async () => [{ url, capabilities: ['pull', 'resolve'] as const }],
})

async function plainProxy() {
  const proxy = await startServer(() => reply(200, { 'content-type': mediaTypes.ociManifest }, manifestOf()))
  onTestFinished(() => proxy[Symbol.asyncDispose]())
  return proxy
}

test('R24 HTTP_PROXY carries plain http as a forward proxy does', async () => {
  const proxy = await plainProxy()
  const registryClient = client({ ...httpAt('http://registry.test/v2'), proxy: { httpProxy: proxy.url } })
  await registryClient.resolve(plain, { intent: 'manifest' })
  expect(proxy.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
    'GET http://registry.test/v2/a/b/manifests/1',
  ])
})

test('R24 HTTPS_PROXY carries https through a tunnel, and sees neither path nor credentials', async () => {
  const authority = createTestAuthority()
  const registry = await scripted({ tls: authority.server })
  putManifest(registry)
  const tunnels: string[] = []
  const sockets = new Set<Socket>()
  const proxy = createServer((_request, response) => response.writeHead(500).end())
  proxy.on('connect', (request, socket) => {
    tunnels.push(String(request.url))
    const upstream = connect(registry.port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      upstream.pipe(socket).pipe(upstream)
    })
    for (const end of [upstream, socket as Socket]) {
      end.on('error', () => {})
      sockets.add(end)
    }
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    proxy.close()
  })
  const httpsProxy = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  const hosts = async () => [
    { url: 'https://registry.test/v2', capabilities: ['resolve'] as const, tls: { ca: [authority.ca] } },
  ]
  const resolved = await client({ hosts, proxy: { httpsProxy } }).resolve(plain)
  expect(resolved.desc.mediaType).toBe(mediaTypes.ociManifest)
  expect(tunnels).toEqual(['registry.test:443'])
})

test('R24 NO_PROXY and loopback are reached directly', async () => {
  const proxy = await plainProxy()
  const registry = await scripted()
  const desc = putManifest(registry)
  const loopback = client({ proxy: { httpProxy: proxy.url, httpsProxy: proxy.url } })
  expect((await loopback.resolve(refTo(registry, 'a/b:1'))).desc).toEqual(desc)
  // A name longer than DNS allows: it would only be "found" by the proxy.
  const name = `${'x'.repeat(64)}.test`
  const direct = client({
    ...httpAt(`http://${name}/v2`),
    proxy: { httpProxy: proxy.url, noProxy: '.test' },
    retry: { attempts: 1 },
  })
  await expect(direct.resolve(plain)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect(proxy.requests).toEqual([])
})
