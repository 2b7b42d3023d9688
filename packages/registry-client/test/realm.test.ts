import { expect, test } from 'vitest'
import { mayHaveCredentials, realmRefusal } from '../src/auth/realm.js'
import { registrableDomain } from '../src/auth/registrable-domain.js'
import type { Endpoint } from '../src/index.js'

const refusal = (realm: string, registry: string) => realmRefusal(new URL(realm), new URL(registry))
const endpoint = (url: string, realms: string[] = []): Endpoint => ({ url, capabilities: ['pull'], realms })

test.each([
  ['http://auth.example.com/token', 'https://registry.example.com/v2', 'plain http'],
  ['ftp://auth.example.com/token', 'https://registry.example.com/v2', 'scheme ftp:'],
  ['file:///etc/passwd', 'https://registry.example.com/v2', 'scheme file:'],
  ['https://user:pw@auth.example.com/', 'https://registry.example.com/v2', 'contains a user'],
])('R3 the realm %s of %s is refused', (realm, registry, why) => {
  expect(refusal(realm, registry)).toContain(why)
})

test.each([
  ['https://auth.docker.io/token', 'https://registry-1.docker.io/v2'],
  ['http://127.0.0.1:5001/auth', 'http://127.0.0.1:5000/v2'],
  ['http://auth.lan/token', 'http://registry.lan/v2'],
  ['https://auth.example.net/token', 'https://registry.example.com/v2'],
])('the realm %s of %s is accepted', (realm, registry) => {
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
  ['https://auth.mine.azurecr.io/token', 'https://mine.azurecr.io/v2', true],
  ['https://auth.mine.github.io/token', 'https://registry.mine.github.io/v2', true],
  ['https://evil.example.com.br/token', 'https://registry.other.com.br/v2', false],
  ['https://auth.example.k12.ca.us/token', 'https://registry.example.k12.ca.us/v2', true],
  ['https://evil.nip.io/token', 'https://registry.nip.io/v2', false],
  ['https://evil.run.app/token', 'https://registry.run.app/v2', false],
  ['https://AUTH.Example.com./token', 'https://registry.example.com/v2', true],
  ['https://auth/token', 'https://registry/v2', false],
  ['https://docker.io.evil.com/token', 'https://registry-1.docker.io/v2', false],
  ['https://203.0.114.5/token', 'https://203.0.115.5/v2', false],
])('R4 the realm %s gets the credentials of %s: %s', async (realm, registry, expected) => {
  expect(await mayHaveCredentials(new URL(realm), endpoint(registry))).toBe(expected)
})

test.each([
  ['https://login.example.net/', 'login.example.net', true],
  ['https://login.example.net/', 'LOGIN.example.net:443', true],
  ['https://login.example.net:5000/', 'login.example.net:5000', true],
  ['https://login.example.net:5000/', 'login.example.net', true],
  ['https://login.example.net:5000/', 'login.example.net:443', false],
  ['https://evil.login.example.net/', 'login.example.net', false],
])('R32 the realm %s gets the credentials if the settings list %s: %s', async (realm, listed, expected) => {
  const registry = endpoint('https://registry.example.com/v2', [listed])
  expect(await mayHaveCredentials(new URL(realm), registry)).toBe(expected)
})

test.each([
  ['a.b.example.com.', 'example.com'],
  ['a.b.example.co.uk', 'example.co.uk'],
  ['a.b.github.io', 'b.github.io'],
  ['api.mine.azurecr.io', 'mine.azurecr.io'],
  ['a.mine.amazonaws.com', 'mine.amazonaws.com'],
])('the registrable domain of %s is %s', (hostname, domain) => {
  expect(registrableDomain(hostname)).toBe(domain)
})

test.each(['registry', '10.0.0.1', '[::1]', 'com', 'co.uk', 'github.io', 'azurecr.io', 'localhost', ''])(
  '"%s" has no registrable domain',
  (hostname) => {
    expect(registrableDomain(hostname)).toBeUndefined()
  },
)
