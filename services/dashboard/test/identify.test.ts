import { describe, expect, it } from 'vitest'
import { identify, lackOf } from '../src/access/identify.js'
import { isOwnPage } from '../src/access/origin.js'
import type { Users } from '../src/access/users.js'
import { doorOf, hash, usersOf } from './support.js'

const noTokens = async () => undefined
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`
const refused = (code: string) => expect.objectContaining({ code })
const anyone = { kind: 'anyone', name: 'anyone', scope: 'read' }

type Headers = Readonly<Record<string, string | undefined>>

function callerOf(headers: Headers, users?: Users | undefined, findToken = noTokens, door = doorOf()) {
  const given = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined))
  return identify({ headers: given }, { users, sessions: door, findToken }, '192.0.2.1')
}

describe('without users', () => {
  it.each(['localhost:8080', '127.0.0.1', '[::1]:8080'])(
    'anyone may read at the host name %s',
    async (host) => {
      expect(await callerOf({ host })).toEqual(anyone)
      expect(await callerOf({ host, authorization: basic('ops:secret') })).toEqual(anyone)
    },
  )

  it.each(['rebound.example', '127.0.0.1.example:8080', '', undefined, 'localhost@evil.example'])(
    'W9 the host name %s is refused',
    async (host) => {
      expect(await callerOf({ host })).toEqual(refused('PERMISSION_DENIED'))
    },
  )

  it('W9 a request that a proxy has passed on is refused', async () => {
    for (const name of ['forwarded', 'via', 'x-forwarded-for', 'x-real-ip'])
      expect(await callerOf({ host: 'localhost', [name]: 'x' })).toEqual(refused('PERMISSION_DENIED'))
  })
})

describe('with users', () => {
  const host = 'dash.example:8080'

  it('each has the scope of its role, with any host name', async () => {
    const { users } = await usersOf([`ann:${hash}`, `bob:${hash}:operator`, `cy:${hash}:admin`])
    const callers = await Promise.all(
      ['ann', 'bob', 'cy'].map((name) => callerOf({ host, authorization: basic(`${name}:right`) }, users)),
    )
    expect(callers).toEqual([
      { kind: 'user', name: 'user ann', scope: 'read' },
      { kind: 'user', name: 'user bob', scope: 'submit' },
      { kind: 'user', name: 'user cy', scope: 'admin' },
    ])
  })

  it('the user of the settings is an administrator, also with a colon in the password', async () => {
    const { users } = await usersOf([], { user: 'ops', password: 'pässword:with colon' })
    const signedIn = basic('ops:pässword:with colon')
    expect(await callerOf({ authorization: signedIn }, users)).toMatchObject({ scope: 'admin' })
    for (const authorization of [basic('ops:'), basic('ops:pässword'), basic('other:pässword:with colon')])
      expect(await callerOf({ authorization }, users)).toEqual(refused('UNAUTHENTICATED'))
  })

  it.each([
    basic('ann:wrong'),
    basic('nobody:right'),
    basic('ann'),
    'Basic',
    'Negotiate abc',
    'Bearer wrong',
  ])('W9 %s does not sign in', async (authorization) => {
    const { users } = await usersOf([`ann:${hash}`])
    expect(await callerOf({ host, authorization }, users)).toEqual(refused('UNAUTHENTICATED'))
  })

  it('W9 who has neither a token nor a password nor a session is nobody', async () => {
    const { users } = await usersOf([`ann:${hash}`])
    for (const cookie of [undefined, 'dist_session=none', 'dist_session', 'other=secret-1'])
      expect(await callerOf({ host: 'localhost', cookie }, users)).toBeUndefined()
  })

  it('W9 a client that guesses passwords has to wait', async () => {
    const { users } = await usersOf([`ann:${hash}`])
    const guess = (password: string) => callerOf({ authorization: basic(`ann:${password}`) }, users)
    for (let i = 0; i < 20; i++) expect(await guess(`wrong${i}`)).toEqual(refused('UNAUTHENTICATED'))
    expect(await guess('wrong')).toMatchObject({ code: 'RESOURCE_EXHAUSTED', seconds: 6 })
    expect(await guess('right')).toEqual(refused('RESOURCE_EXHAUSTED'))
  })
})

describe('a session', () => {
  const cookieOf = (setCookie: string) => ({ cookie: setCookie.split(';')[0] })

  it('is of its user, until it is ended, and has the role that the user has now', async () => {
    const { users, write } = await usersOf([`ann:${hash}`])
    const door = doorOf()
    const ann = users?.find('ann') ?? expect.unreachable()
    const session = cookieOf(await door.begin(ann, {}))
    const find = () => callerOf(session, users, noTokens, door)
    expect(await find()).toEqual({ kind: 'user', name: 'user ann', scope: 'read', until: new Date(0) })
    write([`ann:${hash}:admin`])
    await expect.poll(find).toMatchObject({ scope: 'admin' })
    expect(await door.end(session)).toMatch(/^dist_session=; Max-Age=0;/)
    expect(await find()).toBeUndefined()
  })

  it.each([
    ['is gone', [`bob:${hash}`]],
    ['has another password', [`ann:${hash.replace('aaa', 'bbb')}`]],
  ])('ends when the user %s', async (_, lines) => {
    const { users, write } = await usersOf([`ann:${hash}`])
    const door = doorOf()
    const session = cookieOf(await door.begin(users?.find('ann') ?? expect.unreachable(), {}))
    expect(await callerOf(session, users, noTokens, door)).toMatchObject({ name: 'user ann' })
    write(lines)
    await expect.poll(() => callerOf(session, users, noTokens, door)).toBeUndefined()
  })

  it('W9 is in a cookie that no script reads and no other site sends, with https not as plain text', async () => {
    const { users } = await usersOf([], { user: 'ops', password: 'secret' })
    const ops = users?.find('ops') ?? expect.unreachable()
    expect(await doorOf().begin(ops, {})).toBe('dist_session=secret-1; Path=/; HttpOnly; SameSite=Strict')
    expect(await doorOf(undefined, 'https://mirror.example.com').begin(ops, {})).toBe(
      '__Host-dist_session=secret-1; Path=/; HttpOnly; Secure; SameSite=Strict',
    )
  })

  it('has a cookie of its own at each port of a host, which browsers do not tell apart', async () => {
    const { users } = await usersOf([], { user: 'ops', password: 'secret' })
    const ops = users?.find('ops') ?? expect.unreachable()
    const [first, second] = [{ host: 'localhost:8080' }, { host: 'localhost:8081' }]
    const door = doorOf()
    const cookies = [await door.begin(ops, first), await door.begin(ops, second)]
    expect(cookies.map((each) => each.split('=')[0])).toEqual(['dist_session_8080', 'dist_session_8081'])
    const cookie = cookies.map((each) => each.split(';')[0]).join('; ')
    for (const port of [first, second])
      expect(await callerOf({ ...port, cookie }, users, noTokens, door)).toMatchObject({ name: 'user ops' })
    const proxied = doorOf(undefined, 'https://mirror.example.com:8443')
    expect(await proxied.begin(ops, first)).toMatch(/^__Host-dist_session_8443=/)
  })

  it('that a browser has ends when it signs in again', async () => {
    const { users } = await usersOf([], { user: 'ops', password: 'secret' })
    const ops = users?.find('ops') ?? expect.unreachable()
    const door = doorOf()
    const first = cookieOf(await door.begin(ops, {}))
    const second = cookieOf(await door.begin(ops, first))
    expect(await callerOf(first, users, noTokens, door)).toBeUndefined()
    expect(await callerOf(second, users, noTokens, door)).toMatchObject({ scope: 'admin' })
  })
})

describe('a token', () => {
  const day = new Date('2026-01-01T00:00:00Z')
  const info = { id: 'abc123', scope: 'submit', createdAt: day, expiresAt: day } as const
  const find = async (token: string) => (token === 'dist_abc123_right' ? { ...info, name: 'ci' } : undefined)
  const of = async (token: string, lines: readonly string[]) => {
    const { users } = await usersOf(lines)
    const headers = { authorization: `Bearer ${token}`, 'x-forwarded-for': '192.0.2.7' }
    return identify({ headers }, { users, sessions: doorOf(), findToken: find }, 'net')
  }

  it('has its scope, from everywhere, with users and without', async () => {
    const caller = { kind: 'token', name: 'token abc123 ci', scope: 'submit' }
    expect(await of('dist_abc123_right', [`ann:${hash}`])).toEqual(caller)
    expect(await of('dist_abc123_right', [])).toEqual(caller)
  })

  it('W9 that is not valid is refused, also where anyone may read', async () => {
    expect(await of('dist_abc123_wrong', [`ann:${hash}`])).toEqual(refused('UNAUTHENTICATED'))
    expect(await of('dist_abc123_wrong', [])).toEqual(refused('UNAUTHENTICATED'))
    expect(await of('not a token', [])).toEqual(refused('UNAUTHENTICATED'))
  })
})

describe('a change', () => {
  const host = 'dash.example:8080'
  const own = 'http://dash.example:8080'

  it.each([undefined, 'null', 'http://evil.example', 'http://dash.example', 'http://dash.example:8081', '*'])(
    'W9 from %s is not of an own page',
    (origin) => {
      expect(isOwnPage({ host, ...(origin === undefined ? {} : { origin }) }, undefined)).toBe(false)
    },
  )

  it.each([
    [{ host, origin: own }, undefined, true],
    [{ host: 'DASH.example:8080', origin: own }, undefined, true],
    [{ host, 'sec-fetch-site': 'same-origin' }, undefined, true],
    [{ host, 'sec-fetch-site': 'same-origin', origin: 'null' }, undefined, true],
    [{ host, 'sec-fetch-site': 'cross-site', origin: own }, undefined, false],
    [{ host, 'sec-fetch-site': 'same-site', origin: own }, undefined, false],
    [{ host, 'sec-fetch-site': 'none' }, undefined, false],
    [{ host: 'inside:8080', origin: 'https://dist.example' }, 'https://dist.example', true],
    [{ host: 'inside:8080', origin: 'http://dist.example' }, 'https://dist.example', false],
    [{ host, origin: own }, 'https://dist.example', false],
  ])('with %j and the public URL %s is of an own page: %s', (headers, publicUrl, expected) => {
    expect(isOwnPage(headers, publicUrl)).toBe(expected)
  })

  it.each([
    ['anyone', 'UNAUTHENTICATED', 'dist token create --scope admin'],
    ['token', 'PERMISSION_DENIED', 'the scope admin is required; the token has submit'],
    ['user', 'PERMISSION_DENIED', 'the role admin is required; me has the role operator'],
  ] as const)('of %s with too little is refused, and says what is missing', (kind, code, message) => {
    const caller = { kind, name: 'me', scope: 'submit' } as const
    expect(lackOf(caller, 'admin')).toEqual({ code, message: expect.stringContaining(message) })
    expect(lackOf(caller, 'submit')).toBeUndefined()
  })
})
