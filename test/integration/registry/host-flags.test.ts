import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { mediaTypes } from '@dist/oci'
import {
  createTestAuthority,
  type ScriptedRegistry,
  type ScriptedRegistryOptions,
  startRegistry,
  startServer,
} from '@dist/testkit'
import { singleImage } from '@dist/testkit/fixtures'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { linesOf, useWorkspace } from '../support/workspace.js'

const authority = createTestAuthority()
const tls = { cert: authority.server.cert, key: authority.server.key }
const workspace = useWorkspace()
const dist = (...args: string[]) => workspace().dist(args)

const disposables: AsyncDisposable[] = []
afterEach(async () => {
  for (const each of disposables.splice(0)) await each[Symbol.asyncDispose]()
})

/** A registry with an image at `app:1`. */
async function registryWith(options: ScriptedRegistryOptions): Promise<ScriptedRegistry> {
  const registry = await startRegistry(options)
  disposables.push(registry)
  for (const { open } of singleImage.blobs) registry.content.putBlob('app', Buffer.concat([...open()]))
  registry.content.putManifest('app', singleImage.content.toString(), mediaTypes.ociManifest, '1')
  return registry
}

const host = (server: { url: string }) => new URL(server.url).host
const app = (registry: ScriptedRegistry) => `${registry.host}/app:1`
const blobHost = (registry: ScriptedRegistry) => host(registry.blobHost ?? registry)

let ca = ''
beforeEach(() => {
  ca = workspace().file('ca.pem', authority.ca)
})

describe('--insecure-skip-tls-verify', () => {
  it('takes any certificate of the host, and says so each time', async () => {
    const registry = await registryWith({ tls })
    for (const args of [
      ['resolve', app(registry)],
      ['fetch', `${registry.host}/app`, '1'],
      ['pull', app(registry)],
    ]) {
      const ended = await dist(...args, '--insecure-skip-tls-verify', registry.host)
      expect(ended.code, ended.stderr).toBe(0)
      const remarks = linesOf(ended.stderr).filter((line) => line.includes('is not verified'))
      expect(remarks).toEqual([expect.stringContaining(`certificate of ${registry.host} is not verified`)])
    }
  })

  it('is for this host alone: where blobs are redirected to is verified, unless it is named, too', async () => {
    const registry = await registryWith({ tls, blobHost: true })
    const skipping = ['pull', app(registry), '--insecure-skip-tls-verify', registry.host]
    const refused = await dist(...skipping)
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain(`certificate of ${blobHost(registry)} is not trusted`)
    expect(refused.stderr).toContain(`--ca-file ${blobHost(registry)}=FILE`)
    expect(registry.blobHost?.requests).toEqual([])
    expect((await dist(...skipping, '--insecure-skip-tls-verify', blobHost(registry))).code).toBe(0)
  })

  it('is not for the token server that the host names', async () => {
    const tokens = await startServer(() => ({ status: 401, headers: {}, body: new Uint8Array() }), { tls })
    disposables.push(tokens)
    const registry = await registryWith({ tls, auth: { realm: `${tokens.url}/token` } })
    const args = ['resolve', app(registry), '--insecure-skip-tls-verify', registry.host]
    const refused = await dist(...args)
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain(`certificate of ${host(tokens)} is not trusted`)
    expect(tokens.requests).toEqual([])
    expect((await dist(...args, '--ca-file', `${host(tokens)}=${ca}`)).code).toBe(4)
    expect(tokens.requests).toHaveLength(1)
  })
})

describe('--ca-file', () => {
  it('of a host is trusted there, and not where it redirects to', async () => {
    const registry = await registryWith({ tls, blobHost: true })
    const args = ['pull', app(registry), '--ca-file', `${registry.host}=${ca}`]
    const refused = await dist(...args)
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain(`certificate of ${blobHost(registry)} is not trusted`)
    expect((await dist(...args, '--ca-file', `${blobHost(registry)}=${ca}`)).code).toBe(0)
  })

  it('of another host is not trusted', async () => {
    const registry = await registryWith({ tls })
    const skipped = [
      '--ca-file',
      `${registry.host}=${workspace().file('other.pem', createTestAuthority().ca)}`,
    ]
    const ended = await dist('resolve', app(registry), ...skipped, '--ca-file', `127.0.0.1:1=${ca}`)
    expect(ended.code).toBe(1)
    expect(ended.stderr).toContain('is not trusted')
  })

  it('without a host counts for every registry: copy, push and mirror --to reach two of them', async () => {
    const [source, destination] = [await registryWith({ tls }), await registryWith({ tls })]
    const hosts = certs(source, destination)
    const to = (name: string) => `${destination.host}/${name}`
    const args = ['--ca-file', ca, '--hosts-dir', hosts]
    expect(await dist('copy', app(source), to('copied:1'), ...args)).toMatchObject({ code: 0 })
    expect(await dist('pull', app(source), ...args)).toMatchObject({ code: 0 })
    expect(await dist('push', app(source), to('pushed:1'), ...args)).toMatchObject({ code: 0 })
    expect(await dist('mirror', app(source), '--to', to('mirrored'), ...args)).toMatchObject({ code: 0 })
    for (const name of ['copied', 'pushed', 'mirrored/app'])
      expect(destination.content.find(name, 'manifests', '1')?.digest).toBe(singleImage.descriptor.digest)
  })
})

/** Settings by which hosts are spoken to in TLS, as is the rule but for loopback. */
function certs(...registries: ScriptedRegistry[]): string {
  const root = join(workspace().root, 'certs.d')
  for (const { host } of registries) {
    mkdirSync(join(root, host), { recursive: true })
    workspace().file(`certs.d/${host}/hosts.toml`, `server = "https://${host}"\n`)
  }
  return root
}

describe('--plain-http', () => {
  it('is what the error of a registry without TLS names, and makes it work', async () => {
    const registry = await registryWith({})
    const args = ['resolve', app(registry), '--hosts-dir', certs(registry)]
    const refused = await dist(...args)
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain(`${registry.host} speaks plain http, not TLS`)
    expect(refused.stderr).toContain(`--plain-http ${registry.host}`)
    expect(refused.stderr).toContain(`server = "http://${registry.host}" in hosts.toml`)
    expect(await dist(...args, '--plain-http', registry.host)).toMatchObject({ code: 0, stderr: '' })
    expect((await dist(...args, '--plain-http', '127.0.0.1:1')).code).toBe(1)
  })

  it('is for this host alone: plain http elsewhere is refused, unless it is named, too', async () => {
    const registry = await registryWith({ blobHost: true })
    const args = ['pull', app(registry), '--hosts-dir', certs(registry), '--plain-http', registry.host]
    const refused = await dist(...args)
    expect(refused.code).toBe(4)
    expect(refused.stderr).toContain(`add --plain-http ${blobHost(registry)}`)
    expect(registry.blobHost?.requests).toEqual([])
    expect((await dist(...args, '--plain-http', blobHost(registry))).code).toBe(0)
  })

  it('does not let a token server be asked in plain http', async () => {
    const tokens = await startServer(() => ({ status: 401, headers: {}, body: new Uint8Array() }))
    disposables.push(tokens)
    const registry = await registryWith({ auth: { realm: `${tokens.url}/token` } })
    const ended = await dist(
      'resolve',
      app(registry),
      '--hosts-dir',
      certs(registry),
      '--plain-http',
      registry.host,
    )
    expect(ended.code).toBe(4)
    expect(ended.stderr).toContain(`plain http at ${host(tokens)}`)
    expect(tokens.requests).toEqual([])
  })
})

describe('what cannot be right', () => {
  it.each([
    ['a URL as host', ['--plain-http', 'http://127.0.0.1:1'], 'is not a host'],
    ['a repository as host', ['--insecure-skip-tls-verify', '127.0.0.1:1/app'], 'is not a host'],
    ['an authority that is not there', ['--ca-file', 'gone.pem'], 'gone.pem cannot be read'],
    ['an authority that is none', ['--ca-file', '127.0.0.1:1=text.pem'], 'no PEM certificate'],
    [
      'plain http with a certificate',
      ['--plain-http', '127.0.0.1:1', '--insecure-skip-tls-verify', '127.0.0.1:1'],
      'has no certificate',
    ],
  ])('%s: exit code 2', async (_, args, said) => {
    workspace().file('text.pem', 'no certificate')
    const ended = await dist('resolve', '127.0.0.1:1/app:1', ...args)
    expect(ended).toMatchObject({ code: 2, stdout: '' })
    expect(ended.stderr).toMatch(/^dist: [^\n]+\n$/)
    expect(ended.stderr).toContain(said)
  })

  it.each([
    ['--plain-http', '127.0.0.1:1'],
    ['--insecure-skip-tls-verify', '127.0.0.1:1'],
    ['--ca-file', 'ca.pem'],
  ])('%s with a queue: exit code 2', async (flag, value) => {
    const ended = await dist('mirror', 'alpine', '--queue', 'redis://127.0.0.1:1', flag, value)
    expect(ended).toMatchObject({ code: 2, stdout: '' })
    expect(ended.stderr).toContain(`${flag}: not with a queue`)
  })

  it('an --authfile that is not there: exit code 2 of every command, and nothing is asked', async () => {
    const registry = await registryWith({})
    await dist('pull', app(registry))
    const before = registry.requests.length
    for (const args of [
      ['resolve', app(registry)],
      ['fetch', `${registry.host}/app`, '1'],
      ['pull', app(registry)],
      ['mirror', app(registry)],
      ['push', app(registry), `${registry.host}/other:1`],
      ['copy', app(registry), `${registry.host}/other:1`],
    ]) {
      const ended = await dist(...args, '--authfile', 'gone.json')
      expect(ended, args.join(' ')).toMatchObject({ code: 2, stdout: '' })
      expect(ended.stderr).toBe('dist: --authfile gone.json: cannot be read (ENOENT)\n')
    }
    expect(registry.requests).toHaveLength(before)
  })
})

describe('a user who is refused', () => {
  it.each(['basic', 'bearer'] as const)('is named, without the password (%s)', async (scheme) => {
    const registry = await registryWith({ auth: { scheme, username: 'ann', password: 'right' } })
    const auth = Buffer.from('bob\x1b[2J:hunter2').toString('base64')
    const file = workspace().file('auth.json', JSON.stringify({ auths: { [registry.host]: { auth } } }))
    for (const args of [
      ['resolve', app(registry)],
      ['pull', app(registry)],
    ]) {
      const ended = await dist(...args, '--authfile', file)
      expect(ended.code).toBe(4)
      expect(ended.stderr).toMatch(/the user "bob[^"]*"/)
      expect(ended.stderr).not.toContain('\x1b')
      expect(ended.stderr).not.toContain('hunter2')
    }
  })
})
