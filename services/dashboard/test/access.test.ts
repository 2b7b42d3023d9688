import { describe, expect, it } from 'vitest'
import { type Asking, refusal, requiredCredentials } from '../src/access.js'

const credentials = { user: 'ops', password: 'pässword:with colon' }
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`
const signedIn = basic('ops:pässword:with colon')

function asking(asked: Partial<Asking>): Asking {
  return { method: 'GET', authorization: undefined, origin: undefined, host: 'dash.example:8080', ...asked }
}

describe('where it may listen', () => {
  const loopback = { host: '127.0.0.1', port: 8080 }
  const everywhere = { host: '0.0.0.0', port: 8080 }

  it('W9 is loopback alone without credentials', () => {
    expect(requiredCredentials({}, loopback)).toBeUndefined()
    expect(requiredCredentials(credentials, everywhere)).toEqual(credentials)
    expect(() => requiredCredentials({}, everywhere)).toThrow('DIST_DASHBOARD_PASSWORD')
    expect(() => requiredCredentials({}, { host: 'example.com', port: 1 })).toThrow('more than loopback')
  })

  it('is nowhere with half of them', () => {
    expect(() => requiredCredentials({ user: 'ops' }, loopback)).toThrow('both a user and a password')
    expect(() => requiredCredentials({ password: 'x' }, loopback)).toThrow('both a user and a password')
  })
})

describe('without credentials', () => {
  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])('W9 %s is refused', (method) => {
    expect(refusal(asking({ method, host: 'localhost:8080' }), undefined)).toMatchObject({ status: 403 })
  })

  it.each(['localhost:8080', '127.0.0.1', '[::1]:8080'])('it answers as %s', (host) => {
    expect(refusal(asking({ host }), undefined)).toBeUndefined()
  })

  it.each(['rebound.example', '127.0.0.1.example:8080', '', undefined, 'localhost@evil.example'])(
    'it does not answer as %s',
    (host) => {
      expect(refusal(asking({ host }), undefined)).toMatchObject({ status: 403 })
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
    expect(refusal(asking({ authorization }), credentials)).toMatchObject({ status: 401 })
  })

  it('the right ones do, whatever name it has', () => {
    expect(refusal(asking({ authorization: signedIn }), credentials)).toBeUndefined()
  })

  it.each([undefined, 'null', 'http://evil.example', 'http://dash.example', 'http://dash.example:8081', '*'])(
    'W9 a change from %s is refused',
    (origin) => {
      const asked = asking({ method: 'PUT', authorization: signedIn, origin })
      expect(refusal(asked, credentials)).toMatchObject({ status: 403 })
    },
  )

  it('a change from its own pages is let through', () => {
    const asked = asking({ method: 'PUT', authorization: signedIn, origin: 'http://dash.example:8080' })
    expect(refusal(asked, credentials)).toBeUndefined()
  })
})
