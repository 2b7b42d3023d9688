import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createTestAuthority, ScriptedRegistry } from '@dist/testkit'
import { ociImage, tarLayer } from '@dist/testkit/fixtures'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type ConnectProxyOptions, startConnectProxy } from '../../infra/servers/connect-proxy.js'
import { useWorkspace } from './support/workspace.js'

const workspace = useWorkspace()
const authority = createTestAuthority()
const image = ociImage({ layers: [tarLayer([{ path: 'etc/one', content: 'one\n' }])] })

/** A registry that is called registry.test by whoever reaches it through a proxy of these settings. */
async function proxied(options: ConnectProxyOptions = {}) {
  const registry = await new ScriptedRegistry({ tls: authority.server }).listen()
  onTestFinished(() => registry[Symbol.asyncDispose]())
  registry.content.putImage('team/app', 'v1', image)
  const proxy = await startConnectProxy({ routes: { 'registry.test:443': registry.host }, ...options })
  onTestFinished(() => proxy[Symbol.asyncDispose]())
  return { registry, proxy }
}

/** Settings in which the registry's authority is trusted. */
function trusting(host = 'registry.test'): string[] {
  const folder = join(workspace().root, 'certs.d', host)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'ca.pem'), authority.ca)
  writeFileSync(join(folder, 'hosts.toml'), `server = "https://${host}"\nca = "ca.pem"\n`)
  return ['--hosts-dir', join(workspace().root, 'certs.d')]
}

describe('R34 a registry behind a proxy', () => {
  it('is asked through a tunnel', async () => {
    const { proxy } = await proxied()
    const env = { HTTPS_PROXY: proxy.url }
    const ended = await workspace().dist(['pull', ...trusting(), 'registry.test/team/app:v1'], { env })
    expect(ended.stderr).not.toContain('error')
    expect(ended.code).toBe(0)
    expect(new Set(proxy.requests)).toEqual(new Set(['CONNECT registry.test:443']))
  })
})
