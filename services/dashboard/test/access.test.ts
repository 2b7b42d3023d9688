import { describe, expect, it } from 'vitest'
import { type AccessRequest, checkAccess, requiredCredentials } from '../src/access.js'

const credentials = { user: 'ops', password: 'pässword:with colon' }
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`
const signedIn = basic('ops:pässword:with colon')

function request(some: Partial<AccessRequest>): AccessRequest {
  return { method: 'GET', authorization: undefined, origin: undefined, host: 'dash.example:8080', ...some }
}

describe('the listen address', () => {
  const loopback = { host: '127.0.0.1', port: 8080 }
  const everywhere = { host: '0.0.0.0', port: 8080 }

  it('W9 must be loopback without credentials', () => {
    expect(requiredCredentials({}, loopback)).toBeUndefined()
    expect(requiredCredentials(credentials, everywhere)).toEqual(credentials)
    expect(() => requiredCredentials({}, everywhere)).toThrow('DIST_DASHBOARD_PASSWORD')
    expect(() => requiredCredentials({}, { host: 'example.com', port: 1 })).toThrow('other than loopback')
  })

  it('is refused with a user or a password alone', () => {
    expect(() => requiredCredentials({ user: 'ops' }, loopback)).toThrow('both a user and a password')
    expect(() => requiredCredentials({ password: 'x' }, loopback)).toThrow('both a user and a password')
  })
})

describe('without credentials', () => {
  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])('W9 %s is refused', (method) => {
    expect(checkAccess(request({ method, host: 'localhost:8080' }), undefined)).toMatchObject({ status: 403 })
  })

  it.each(['localhost:8080', '127.0.0.1', '[::1]:8080'])('the host name %s is allowed', (host) => {
    expect(checkAccess(request({ host }), undefined)).toBeUndefined()
  })

  it.each(['rebound.example', '127.0.0.1.example:8080', '', undefined, 'localhost@evil.example'])(
    'the host name %s is refused',
    (host) => {
      expect(checkAccess(request({ host }), undefined)).toMatchObject({ status: 403 })
    },
  )
})

describe('with credentials', () => {
  it.each([
    undefined,
    '',
    'Basic',
    basic('ops'),
    basic('ops:'),
    basic('ops:pässword'),
    basic('other:pässword:with colon'),
    `Bearer ${Buffer.from('ops:pässword:with colon').toString('base64')}`,
  ])('W9 %s does not sign in', (authorization) => {
    expect(checkAccess(request({ authorization }), credentials)).toMatchObject({ status: 401 })
  })

  it('correct credentials are accepted with any host name', () => {
    expect(checkAccess(request({ authorization: signedIn }), credentials)).toBeUndefined()
  })

  it.each([undefined, 'null', 'http://evil.example', 'http://dash.example', 'http://dash.example:8081', '*'])(
    'W9 a change from %s is refused',
    (origin) => {
      const change = request({ method: 'PUT', authorization: signedIn, origin })
      expect(checkAccess(change, credentials)).toMatchObject({ status: 403 })
    },
  )

  it('a change from its own pages is allowed', () => {
    const change = request({ method: 'PUT', authorization: signedIn, origin: 'http://dash.example:8080' })
    expect(checkAccess(change, credentials)).toBeUndefined()
  })
})
