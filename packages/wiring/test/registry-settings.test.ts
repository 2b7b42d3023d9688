import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defaultEndpoint, type Endpoint } from '@dist/registry-client'
import type { Registries } from '@dist/settings'
import { afterAll, describe, expect, it } from 'vitest'
import { registryCredentials, withRegistries } from '../src/registry-settings.js'

const folder = mkdtempSync(join(tmpdir(), 'dist-registries-'))
afterAll(() => rmSync(folder, { recursive: true }))
const pem = '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n'

function file(name: string, content: string): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

/** The endpoints that hosts have without settings of registries. */
const configured: Readonly<Record<string, readonly Endpoint[]>> = {
  'r.test': [
    { ...defaultEndpoint('theirs.test'), mirrorOf: 'r.test' },
    { ...defaultEndpoint('r.test'), tls: { ca: ['theirs'], skipVerify: true } },
  ],
  'cache.test': [{ ...defaultEndpoint('cache.test'), headers: { 'x-key': '1' }, hostsFile: '/cache' }],
}

async function endpointsOf(host: string, registries: Registries): Promise<readonly Endpoint[]> {
  const hosts = await withRegistries(
    registries,
    async ({ host }) => configured[host] ?? [defaultEndpoint(host)],
  )
  return hosts({ host, repository: 'a/b' })
}

describe('the endpoints of a registry', () => {
  it('have the scheme of its settings', async () => {
    const urls = async (host: string, registries: Registries) =>
      (await endpointsOf(host, registries)).map(({ url }) => url)
    expect(await urls('r.io', { 'r.io': { plainHttp: true } })).toEqual(['http://r.io/v2'])
    expect(await urls('r.io', { 'other.io': { plainHttp: true } })).toEqual(['https://r.io/v2'])
    expect(await urls('docker.io', { 'docker.io': { plainHttp: true } })).toEqual([
      'http://registry-1.docker.io/v2',
    ])
    expect(await urls('[::1]:5000', { '[::1]:5000': { insecureSkipTlsVerify: true } })).toEqual([
      'https://[::1]:5000/v2',
    ])
    expect(await urls('[::1]:5000', { '[::1]:5000': { plainHttp: false } })).toEqual([
      'https://[::1]:5000/v2',
    ])
  })

  it('lead by plain http only to hosts that have it, too', async () => {
    const registries = { 'r.io:80': { plainHttp: true }, 'cdn.io': { plainHttp: true }, 'x.io': {} }
    const [endpoint] = await endpointsOf('r.io:80', registries)
    expect(endpoint?.clearHosts).toEqual(['r.io', 'cdn.io'])
  })

  it('have the values of their settings in place of those of hosts.toml', async () => {
    const registries = { 'r.test': { caFile: file('ca.pem', pem), insecureSkipTlsVerify: false } }
    expect(await endpointsOf('r.test', registries)).toMatchObject([
      { url: 'https://theirs.test/v2' },
      { url: 'https://r.test/v2', tls: { ca: [pem], skipVerify: false } },
    ])
  })

  it('are its mirrors in their order, each with its own settings and without pushes', async () => {
    const registries = {
      'r.test': { mirrors: ['cache.test', '127.0.0.1:5000', 'docker.io'], insecureSkipTlsVerify: false },
      '127.0.0.1:5000': { insecureSkipTlsVerify: true },
      'docker.io': { plainHttp: true },
    }
    const reads = ['pull', 'resolve']
    const mirrorOf = 'r.test'
    expect(await endpointsOf('r.test', registries)).toMatchObject([
      { url: 'https://cache.test/v2', mirrorOf, capabilities: reads, headers: { 'x-key': '1' } },
      { url: 'https://127.0.0.1:5000/v2', mirrorOf, capabilities: reads, tls: { skipVerify: true } },
      { url: 'http://registry-1.docker.io/v2', mirrorOf, capabilities: reads },
      { url: 'https://r.test/v2', capabilities: ['pull', 'resolve', 'push'] },
    ])
    expect(await endpointsOf('cache.test', registries)).toEqual([
      { ...configured['cache.test']?.[0], elsewhere: expect.anything() },
    ])
  })

  it('stay as they are without settings', async () => {
    expect(await endpointsOf('r.test', {})).toBe(configured['r.test'])
  })

  it.each([
    ['is missing', '/nowhere/ca.pem', 'cannot be read (ENOENT)'],
    ['has no certificate', file('empty.pem', 'key'), 'contains no PEM certificate'],
  ])('need a readable ca-file: one that %s is refused', async (_, caFile, why) => {
    await expect(withRegistries({ 'r.io': { caFile } }, async () => [])).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: `registries.r.io.ca-file: ${caFile} ${why}`,
    })
  })
})

describe('the credential of a registry', () => {
  it('is found by its host alone', async () => {
    const credentials = registryCredentials({
      'docker.io': { username: 'ada', password: 'hub' },
      'r.io:443': { username: 'u', password: ' p ' },
      'r.io:5000': { plainHttp: true },
    })
    expect(await credentials('registry-1.docker.io')).toMatchObject({ username: 'ada', password: 'hub' })
    expect(await credentials('docker.io')).toMatchObject({ username: 'ada' })
    expect(await credentials('r.io')).toMatchObject({ username: 'u', password: ' p ' })
    for (const host of ['r.io:5000', 'r.io:444', 'a.r.io', 'constructor'])
      expect(await credentials(host)).toBeUndefined()
  })

  it('is read from its file each time, without the line end', async () => {
    const passwordFile = file('password', 'first \n')
    const credentials = registryCredentials({ 'r.io': { username: 'u', passwordFile } })
    expect(await credentials('r.io')).toEqual({ kind: 'password', username: 'u', password: 'first ' })
    file('password', 'second')
    expect(await credentials('r.io')).toMatchObject({ password: 'second' })
    rmSync(passwordFile)
    await expect(credentials('r.io')).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: `registries.r.io.password-file: ${passwordFile} cannot be read (ENOENT)`,
    })
  })
})
