import { hasUserinfo, redactUrl, sanitize, withoutSecrets, withoutUserinfo } from '@dist/errdefs'
import { describe, expect, it } from 'vitest'

const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJlLW9mLXRoaXM'
const hex = 'a'.repeat(64)

describe('sanitize', () => {
  it.each([
    ['a token', `the token ${jwt} has expired`, 'the token (token) has expired'],
    ['a token that is cut off', `not ${jwt.slice(0, 30)}`, 'not (token)'],
    ['a header', 'got Bearer c29tZS10b2tlbg==', 'got Bearer (token)'],
    ['a Basic header', 'Authorization: Basic YW5uOnNlY3JldDEyMw==', 'Authorization: Basic (token)'],
    ['a token of a forge', `ghp_${'1a'.repeat(18)} is revoked`, '(token) is revoked'],
    ['user and password', 'pull ann:s3cret@registry.test/app failed', 'pull …@registry.test/app failed'],
    ['a password with odd characters', 'ann:s3/c:ret@r.test/app', '…@r.test/app'],
  ])('R26: removes %s', (_, text, shown) => {
    expect(sanitize(text)).toBe(shown)
  })

  it.each([
    `registry.test:5000/team/app:1.0@sha256:${hex}`,
    `manifest sha256:${hex} of 127.0.0.1:5000/app: r.test failed (500)`,
    'Bearer realm="https://auth.test/token",service="registry.test"',
    'Basic realm="registry"',
    'host/my-token:v1.2.3-20240101 is not in the store',
    'denied: requested access to the resource is denied',
    'app:1.0@sha256…',
  ])('keeps %s unchanged', (text) => {
    expect(sanitize(text)).toBe(text)
  })
})

describe('withoutSecrets', () => {
  it.each([
    ['a named value', 'access_token=abc&x=1', 'access_token=(secret)&x=1'],
    ['JSON', '{"refresh_token":"a\\"b", "x":1}', '{"refresh_token":"(secret)", "x":1}'],
    ['a password', "password: 'hunter22'", "password: '(secret)'"],
    ['a token that is quoted in a sentence', 'invalid token dG9rZW4x', 'invalid token (secret)'],
    ['long random text', `key ${'aB3'.repeat(12)} unknown`, 'key (secret) unknown'],
  ])('R26: removes %s', (_, text, shown) => {
    expect(withoutSecrets(text)).toBe(shown)
  })

  it.each([
    `blob sha256:${hex} is unknown to the registry`,
    'UNAUTHORIZED: authentication required',
    'invalid token: signature is not valid',
    'no basic auth credentials',
    'https://registry.test/v2/a/b/manifests/1',
  ])('keeps %s unchanged', (text) => {
    expect(withoutSecrets(text)).toBe(text)
  })

  it('R26: removes a known secret in every spelling', () => {
    const secret = 'p"ss w&rd'
    const text = `got ${secret}, ${encodeURIComponent(secret)} and ${JSON.stringify(secret)}`
    expect(withoutSecrets(text, [secret])).toBe('got (secret), (secret) and "(secret)"')
  })

  it('R26: is fast on adversarial input', () => {
    const started = performance.now()
    for (const part of ['a:', 'eyJ', 'token ', 'token="', 'Bearer ', 'aB3']) withoutSecrets(part.repeat(1300))
    expect(performance.now() - started).toBeLessThan(1000)
  })
})

describe('a reference as typed by a user', () => {
  it.each([
    ['ann:secret@registry.test/app', '…@registry.test/app'],
    ['token@registry.test/app:1', '…@registry.test/app:1'],
    ['ann:sec/ret@registry.test/app', '…@registry.test/app'],
    ['ann:se@cret@registry.test/app', '…@registry.test/app'],
    ['ann:secret@localhost:5000', '…@localhost:5000'],
    [`ann:secret@registry.test/app@sha256:${hex}`, `…@registry.test/app@sha256:${hex}`],
    ['ann:secret@sha256.test/app', '…@sha256.test/app'],
  ])('R26: %s is shown as %s', (text, shown) => {
    expect(hasUserinfo(text)).toBe(true)
    expect(withoutUserinfo(text)).toBe(shown)
  })

  it.each(['alpine:3.20', `alpine@sha256:${hex}`, 'r.test:5000/a:1@sha512:zz', `alpine@odd:${hex}`])(
    'is shown unchanged without a user: %s',
    (text) => {
      expect(hasUserinfo(text)).toBe(false)
      expect(withoutUserinfo(text)).toBe(text)
    },
  )
})

it('R26: a URL is shortened, and tokens in its path are removed', () => {
  expect(redactUrl(`https://cdn.test/${jwt}/blob`)).toBe('https://cdn.test/(token)/blob')
  expect(redactUrl(`https://${'a.'.repeat(5000)}test/${'x'.repeat(5000)}`).length).toBeLessThan(800)
})
