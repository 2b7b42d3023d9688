import { expect, test } from 'vitest'
import { isInternalAddress } from '../src/auth/addresses.js'
import {
  mayHaveCredentials,
  realmRefusal,
  registrableDomain,
  resolvedRealmRefusal,
} from '../src/auth/realm.js'

const refusal = (realm: string, registry: string, trusted: string[] = []) =>
  realmRefusal(new URL(realm), new URL(registry), trusted)

test.each([
  ['http://auth.example.com/token', 'https://registry.example.com/v2', 'plain http'],
  ['ftp://auth.example.com/token', 'https://registry.example.com/v2', 'scheme ftp:'],
  ['file:///etc/passwd', 'https://registry.example.com/v2', 'scheme file:'],
  ['https://user:pw@auth.example.com/', 'https://registry.example.com/v2', 'carries a user'],
  ['https://127.0.0.1/token', 'https://registry.example.com/v2', 'internal'],
  ['https://localhost:8443/token', 'https://registry.example.com/v2', 'internal'],
  ['https://api.localhost/token', 'https://registry.example.com/v2', 'internal'],
  ['https://2130706433/token', 'https://registry.example.com/v2', 'internal'],
  ['https://0x7f.1/token', 'https://registry.example.com/v2', 'internal'],
  ['https://[::1]/token', 'https://registry.example.com/v2', 'internal'],
  ['https://[::ffff:169.254.169.254]/token', 'https://registry.example.com/v2', 'internal'],
  ['https://169.254.169.254/latest', 'https://registry.example.com/v2', 'internal'],
  ['http://169.254.169.254/latest', 'http://127.0.0.1:5000/v2', 'internal'],
  ['https://10.0.0.1/token', 'https://registry.example.com/v2', 'internal'],
  ['https://[fd00::1]/token', 'https://registry.example.com/v2', 'internal'],
])('R3 the realm %s of %s is refused', (realm, registry, why) => {
  expect(refusal(realm, registry)).toContain(why)
})

test.each([
  ['https://auth.docker.io/token', 'https://registry-1.docker.io/v2'],
  ['http://127.0.0.1:5001/auth', 'http://127.0.0.1:5000/v2'],
  ['http://auth.lan/token', 'http://registry.lan/v2'],
  ['https://auth.example.net/token', 'https://registry.example.com/v2'],
])('the realm %s of %s may be asked', (realm, registry) => {
  expect(refusal(realm, registry)).toBeUndefined()
})

test('R3 an internal realm that the configuration names may be asked', () => {
  expect(refusal('https://10.0.0.1/token', 'https://registry.example.com/v2', ['10.0.0.1'])).toBeUndefined()
})

const addresses: Record<string, string[]> = {
  'public.example.com': ['203.0.114.5'],
  'rebound.example.net': ['203.0.114.6', '169.254.169.254'],
  'auth.example.com': ['10.1.2.3'],
  'registry.corp.example': ['10.1.2.4'],
  'auth.corp.example': ['10.1.2.5'],
}
const lookup = async (name: string) => addresses[name] ?? Promise.reject(new Error('ENOTFOUND'))
const resolvedRefusal = (realm: string, registry: string) =>
  resolvedRealmRefusal(new URL(realm), new URL(registry), lookup)

test('R3 a realm whose name resolves to an internal address is refused, unless the registry is of that network', async () => {
  expect(await resolvedRefusal('https://rebound.example.net/', 'https://public.example.com/')).toContain(
    'internal',
  )
  expect(await resolvedRefusal('https://auth.example.com/', 'https://public.example.com/')).toContain(
    'internal',
  )
  expect(
    await resolvedRefusal('https://auth.corp.example/', 'https://registry.corp.example/'),
  ).toBeUndefined()
  // Behind a proxy names may not resolve here.
  expect(await resolvedRefusal('https://unknown.example/', 'https://public.example.com/')).toBeUndefined()
})

test.each([
  ['https://registry.example.com/token', 'https://registry.example.com/v2', true],
  ['https://registry.example.com:8443/token', 'https://registry.example.com/v2', true],
  ['https://auth.docker.io/token', 'https://registry-1.docker.io/v2', true],
  ['https://gitlab.com/jwt/auth', 'https://registry.gitlab.com/v2', true],
  ['https://auth.example.co.uk/token', 'https://registry.example.co.uk/v2', true],
  ['https://evil.example.net/token', 'https://registry.example.com/v2', false],
  ['https://evil.co.uk/token', 'https://registry.co.uk/v2', false],
  ['https://evil.github.io/token', 'https://registry.github.io/v2', false],
  ['https://evil.azurecr.io/token', 'https://mine.azurecr.io/v2', false],
  ['https://docker.io.evil.com/token', 'https://registry-1.docker.io/v2', false],
  ['https://203.0.114.5/token', 'https://203.0.115.5/v2', false],
])('R4 whether %s may have the credentials of %s: %s', (realm, registry, expected) => {
  expect(mayHaveCredentials(new URL(realm), new URL(registry))).toBe(expected)
})

test('R4 a pair that the configuration names may have them', () => {
  const [realm, registry] = [new URL('https://login.example.net/'), new URL('https://registry.example.com/')]
  expect(mayHaveCredentials(realm, registry, ['login.example.net'])).toBe(true)
})

test('names without a domain, and addresses, share none', () => {
  expect(registrableDomain('registry')).toBeUndefined()
  expect(registrableDomain('10.0.0.1')).toBeUndefined()
  expect(registrableDomain('[::1]')).toBeUndefined()
  expect(registrableDomain('com')).toBeUndefined()
  expect(registrableDomain('a.b.example.com.')).toBe('example.com')
})

test('public addresses are not internal', () => {
  expect(
    ['8.8.8.8', '1.1.1.1', '2606:4700::1111', '172.32.0.1', '100.128.0.1'].filter(isInternalAddress),
  ).toEqual([])
})
