import { expect, test } from 'vitest'
import { mayHaveCredentials, realmRefusal, registrableDomain } from '../src/auth/realm.js'
import type { Endpoint } from '../src/index.js'

const refusal = (realm: string, registry: string) => realmRefusal(new URL(realm), new URL(registry))
const endpoint = (url: string, realms: string[] = []): Endpoint => ({ url, capabilities: ['pull'], realms })

test.each([
  ['http://auth.example.com/token', 'https://registry.example.com/v2', 'plain http'],
  ['ftp://auth.example.com/token', 'https://registry.example.com/v2', 'scheme ftp:'],
  ['file:///etc/passwd', 'https://registry.example.com/v2', 'scheme file:'],
  ['https://user:pw@auth.example.com/', 'https://registry.example.com/v2', 'carries a user'],
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
  expect(mayHaveCredentials(new URL(realm), endpoint(registry))).toBe(expected)
})

test.each([
  ['https://login.example.net/', 'login.example.net', true],
  ['https://login.example.net/', 'LOGIN.example.net:443', true],
  ['https://login.example.net:5000/', 'login.example.net:5000', true],
  ['https://login.example.net:5000/', 'login.example.net', true],
  ['https://login.example.net:5000/', 'login.example.net:443', false],
  ['https://evil.login.example.net/', 'login.example.net', false],
])('R32 whether %s may have them where the settings list %s: %s', (realm, listed, expected) => {
  const registry = endpoint('https://registry.example.com/v2', [listed])
  expect(mayHaveCredentials(new URL(realm), registry)).toBe(expected)
})

test('names without a domain, and addresses, share none', () => {
  expect(registrableDomain('registry')).toBeUndefined()
  expect(registrableDomain('10.0.0.1')).toBeUndefined()
  expect(registrableDomain('[::1]')).toBeUndefined()
  expect(registrableDomain('com')).toBeUndefined()
  expect(registrableDomain('a.b.example.com.')).toBe('example.com')
})
