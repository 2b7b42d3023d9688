import { generateKeyPairSync } from 'node:crypto'
import { SignJWT, UnsecuredJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { makeTokenKey, parseTokenKey } from '../src/token/key.js'
import { parseScopes, repositoryOf, scopeOf } from '../src/token/scope.js'
import { Tokens, tokenSeconds } from '../src/token/token.js'

const claims = {
  user: 'alice',
  access: [{ type: 'repository', name: 'docker.io/library/alpine', actions: ['pull'] }],
}

describe('a token', () => {
  it('says to whom and for what it was given, at every instance with the key', async () => {
    const key = makeTokenKey()
    const token = await new Tokens(key).sign(claims)
    expect(await new Tokens(key).verify(token)).toEqual(claims)
    expect(await new Tokens(makeTokenKey()).verify(token)).toBeUndefined()
  })

  it('is valid for its time and 30 s more, for clocks that differ; also when it was verified before', async () => {
    let time = 1_700_000_000_000
    const tokens = new Tokens(makeTokenKey(), () => time)
    const token = await tokens.sign(claims)
    expect(await tokens.verify(token)).toEqual(claims)
    time += (tokenSeconds + 29) * 1000
    expect(await tokens.verify(token)).toEqual(claims)
    time += 2_000
    expect(await tokens.verify(token)).toBeUndefined()
  })

  it('is refused when a part of it is changed', async () => {
    const tokens = new Tokens(makeTokenKey())
    const [head, , signature] = (await tokens.sign(claims)).split('.')
    const payload = Buffer.from(JSON.stringify({ ...claims, sub: 'root', exp: 9_999_999_999 }))
    expect(await tokens.verify(`${head}.${payload.toString('base64url')}.${signature}`)).toBeUndefined()
  })

  it.each(['', 'x', 'a.b.c', '..', 'eyJhbGciOiJub25lIn0.e30.'])('"%s" is none', async (text) => {
    expect(await new Tokens(makeTokenKey()).verify(text)).toBeUndefined()
  })

  it('without a signature, of another service or without claims is refused', async () => {
    const key = makeTokenKey()
    const tokens = new Tokens(key)
    const unsigned = new UnsecuredJWT({ access: [] })
      .setSubject('root')
      .setIssuer('dist')
      .setAudience('dist')
      .setExpirationTime('1h')
      .encode()
    const signed = (audience: string) =>
      new SignJWT({})
        .setProtectedHeader({ alg: 'ES256' })
        .setIssuer('dist')
        .setAudience(audience)
        .setExpirationTime('1h')
        .sign(key.privateKey)
    for (const token of [unsigned, await signed('other'), await signed('dist')])
      expect(await tokens.verify(token)).toBeUndefined()
  })
})

describe('the key', () => {
  const pem = (curve: string, type: 'pkcs8' | 'sec1') =>
    generateKeyPairSync('ec', { namedCurve: curve }).privateKey.export({ type, format: 'pem' }).toString()

  it.each(['pkcs8', 'sec1'] as const)('is read from PEM (%s)', async (type) => {
    const text = pem('P-256', type)
    const token = await new Tokens(parseTokenKey(text, 'key')).sign(claims)
    expect(await new Tokens(parseTokenKey(text, 'key')).verify(token)).toEqual(claims)
  })

  it('of another kind is refused, with the command that makes one', () => {
    expect(() => parseTokenKey(pem('P-384', 'pkcs8'), '/key')).toThrow(
      '/key has a key of another kind than P-256',
    )
    expect(() => parseTokenKey('secret', '/key')).toThrow(
      'no private key in PEM form; make one with: openssl',
    )
    expect(() => parseTokenKey('secret', '/key')).not.toThrow('secret ')
  })
})

it.each([
  ['docker.io/library/alpine', 'repository:docker.io/library/alpine:pull'],
  ['10.0.0.7:5000/team/app', 'repository:10.0.0.7_5000/team/app:pull'],
  ['r.example/a_1/b', 'repository:r.example/a_1/b:pull'],
])('the scope of %s is %s', (repository, scope) => {
  expect(scopeOf(repository)).toBe(scope)
  const [access] = parseScopes([scope])
  expect(repositoryOf(access?.name ?? '')).toBe(repository)
  expect(repositoryOf(repository)).toBe(repository)
})

it('scopes are read with ports, several to a parameter, and nonsense is left out', () => {
  expect(
    parseScopes([
      'repository:docker.io/library/alpine:pull',
      'repository:10.0.0.7:5000/a/b:pull,push registry:catalog:*',
      'nonsense',
      '',
    ]),
  ).toEqual([
    { type: 'repository', name: 'docker.io/library/alpine', actions: ['pull'] },
    { type: 'repository', name: '10.0.0.7:5000/a/b', actions: ['pull', 'push'] },
    { type: 'registry', name: 'catalog', actions: ['*'] },
  ])
  expect(parseScopes([Array(1_000).fill('repository:a:pull').join(' ')])).toHaveLength(100)
})
