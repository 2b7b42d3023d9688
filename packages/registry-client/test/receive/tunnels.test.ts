import { createTestAuthority } from '@dist/testkit'
import { type ConnectProxyOptions, startConnectProxy } from '@dist/testkit/servers'
import { expect, onTestFinished, test } from 'vitest'
import { client, collect, refTo, scripted, seededBlob } from '../support.js'

const authority = createTestAuthority()

/** A blob at a registry that only a proxy reaches. */
async function behindProxy(options: ConnectProxyOptions = {}) {
  const registry = await scripted({ tls: authority.server })
  const proxy = await startConnectProxy({ routes: { 'registry.test:443': registry.host }, ...options })
  onTestFinished(() => proxy[Symbol.asyncDispose]())
  const { desc, content } = seededBlob(registry, 3_000_000)
  const endpoint = {
    url: 'https://registry.test/v2',
    capabilities: ['pull' as const],
    tls: { ca: [authority.ca] },
  }
  const receiving = client({
    proxy: { httpsProxy: proxy.url },
    largeBody: 0,
    retry: { attempts: 1 },
    hosts: async () => [endpoint],
  })
  const fetch = async () => collect((await receiving.fetcher(refTo(registry, 'a/b')).fetch(desc)).body)
  return { proxy, registry, content, fetch }
}

test('R34 a large blob comes through one tunnel, which is used again', async () => {
  const { proxy, registry, content, fetch } = await behindProxy()
  for (let i = 0; i < 2; i++) expect((await fetch()).equals(content)).toBe(true)
  expect(proxy.requests).toEqual(['CONNECT registry.test:443'])
  expect(registry.connections).toBe(1)
})

test('R34 a tunnel that the proxy refuses is an error that says what to do', async () => {
  const { registry, fetch } = await behindProxy({ credentials: 'ops:s3cret' })
  await expect(fetch()).rejects.toMatchObject({
    code: 'UNAUTHENTICATED',
    message: expect.stringContaining('requires a login (407); check user and password in HTTPS_PROXY'),
  })
  expect(registry.requests).toEqual([])
})
