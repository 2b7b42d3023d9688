import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defaultEndpoint, type Endpoint } from '@dist/registry-client'
import { afterAll, expect, it } from 'vitest'
import { type HostSettings, hostSettings } from '../src/host-settings.js'

const folder = mkdtempSync(join(tmpdir(), 'dist-hosts-'))
afterAll(() => rmSync(folder, { recursive: true }))
const pem = '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n'
const file = join(folder, 'a=b.pem')
writeFileSync(file, pem)

const mirror: Endpoint = { ...defaultEndpoint('mirror.test:5000'), mirrorOf: 'docker.io' }
const hub = [mirror, defaultEndpoint('docker.io')]
const changed = (settings: HostSettings, host = 'docker.io', endpoints: readonly Endpoint[] = hub) =>
  hostSettings(settings)(host, endpoints)
const urls = (endpoints: readonly Endpoint[]) => endpoints.map(({ url }) => url)

it('no settings change nothing', () => {
  expect(changed({})).toBe(hub)
})

it('a setting names a registry by its name in references or by its address, and a mirror by its own name', () => {
  expect(urls(changed({ plainHttp: ['docker.io'] }))).toEqual([
    'https://mirror.test:5000/v2',
    'http://registry-1.docker.io/v2',
  ])
  expect(urls(changed({ plainHttp: ['REGISTRY-1.docker.io:443'] }))).toEqual([
    'https://mirror.test:5000/v2',
    'http://registry-1.docker.io/v2',
  ])
  expect(urls(changed({ plainHttp: ['mirror.test:5000'] }))).toEqual([
    'http://mirror.test:5000/v2',
    'https://registry-1.docker.io/v2',
  ])
  expect(urls(changed({ plainHttp: ['mirror.test'] }))).toEqual(urls(hub))
})

it('plain http applies to the named hosts only, and does not change loopback', () => {
  const [first, second] = changed({ plainHttp: ['docker.io', 'cdn.test'] })
  expect(first?.clearHosts).toBeUndefined()
  expect(second?.clearHosts).toEqual(['docker.io', 'cdn.test'])
  const local = [defaultEndpoint('localhost:5000')]
  expect(changed({ plainHttp: ['localhost:5000'] }, 'localhost:5000', local)).toEqual(local)
})

it('TLS settings that name loopback enable TLS there', () => {
  const local = (settings: HostSettings) => changed(settings, 'localhost:5000', [])
  expect(local({ insecureSkipTlsVerify: ['localhost:5000'] })).toMatchObject([
    { url: 'https://localhost:5000/v2', tls: { skipVerify: true } },
  ])
  expect(local({ caFile: [`localhost:5000=${file}`] })).toMatchObject([
    { url: 'https://localhost:5000/v2', tls: { ownCa: [pem] } },
  ])
  expect(local({ caFile: [file] })).toMatchObject([
    { url: 'http://localhost:5000/v2', tls: { ownCa: [pem] } },
  ])
})

it('the settings of hosts.toml stay', () => {
  const configured: Endpoint = { ...defaultEndpoint('a.test'), tls: { ca: ['theirs'] } }
  expect(changed({ caFile: [`a.test=${file}`, file] }, 'a.test', [configured])).toMatchObject([
    { tls: { ca: ['theirs'], ownCa: [pem, pem] } },
  ])
})
