import { describe, expect, it } from 'vitest'
import {
  access,
  basic,
  bearer,
  hash,
  repository,
  request,
  signedAccess,
  useFolder,
} from './support/access.js'

const base = { kind: 'base' } as const
const catalog = { kind: 'catalog' } as const
const alpine = repository('docker.io/library/alpine')

describe('without sign-in', () => {
  it.each(['localhost:5000', '127.0.0.1:5000', '[::1]:5000', 'localhost'])('%s is answered', async (host) => {
    const { gate } = await access({})
    expect(await gate.admit(request({ headers: { host } }), alpine)).toEqual({
      allowed: true,
      client: '127.0.0.1',
    })
  })

  it.each(['rebound.example:5000', '127.0.0.1.example', '', 'localhost@evil.example', '10.0.0.7:5000'])(
    'W9 the host name "%s" is refused',
    async (host) => {
      const { gate } = await access({})
      expect(await gate.admit(request({ headers: { host } }), alpine)).toMatchObject({
        status: 403,
        code: 'DENIED',
        message: expect.stringContaining('--htpasswd'),
      })
    },
  )

  it.each(['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip'])(
    'W9 a request with the header %s is refused',
    async (name) => {
      const { gate } = await access({})
      const headers = { host: 'localhost:5000', [name]: '203.0.113.9' }
      expect(await gate.admit(request({ headers }), base)).toMatchObject({ status: 403 })
    },
  )

  it('--anonymous answers to all names, and through proxies', async () => {
    const { gate, tokens } = await access({ anonymous: true, trustedProxies: ['127.0.0.1'] })
    const headers = { 'x-forwarded-for': '203.0.113.9' }
    for (const wanted of [base, catalog, alpine])
      expect(await gate.admit(request({ headers }), wanted)).toEqual({ allowed: true, client: '203.0.113.9' })
    expect(tokens).toBeUndefined()
  })

  it('a client that asks too often waits, and others do not', async () => {
    const { gate } = await access({ anonymous: true, clientRate: 1 })
    const from = (remoteAddress: string) => gate.admit(request({ remoteAddress }), base)
    const first = await Promise.all([from('192.0.2.1'), from('192.0.2.1'), from('192.0.2.1')])
    expect(first.map(({ allowed }) => allowed)).toEqual([true, true, false])
    expect(first[2]).toMatchObject({ status: 429, code: 'TOOMANYREQUESTS', headers: { 'retry-after': '1' } })
    expect(await from('192.0.2.2')).toMatchObject({ allowed: true })
  })
})

describe('with sign-in', () => {
  const rights = 'users: {alice: ["docker.io/library/*"], root: ["**"]}'

  async function signed() {
    const file = useFolder()
    return await signedAccess(['alice', 'root'], { rights: file('rights.yaml', rights) })
  }

  it('the challenge names the token endpoint, and the scope of the full name', async () => {
    const { gate } = await signed()
    const answers = await Promise.all([base, alpine, catalog].map((wanted) => gate.admit(request(), wanted)))
    const start = 'Bearer realm="http://mirror.example:5000/token",service="dist"'
    expect(answers).toMatchObject([
      { status: 401, code: 'UNAUTHORIZED', headers: { 'www-authenticate': start } },
      { headers: { 'www-authenticate': `${start},scope="repository:docker.io/library/alpine:pull"` } },
      { headers: { 'www-authenticate': `${start},scope="registry:catalog:*"` } },
    ])
  })

  it('the challenge has --public-url, and https behind a trusted proxy', async () => {
    const challenge = async (settings: object, headers: object) => {
      const { gate } = await signedAccess(['alice'], settings)
      const answer = await gate.admit(request({ headers: { ...headers } }), base)
      return 'headers' in answer ? answer.headers?.['www-authenticate'] : undefined
    }
    expect(await challenge({ publicUrl: 'https://m.example' }, {})).toContain(
      'realm="https://m.example/token"',
    )
    const proto = { 'x-forwarded-proto': 'https' }
    expect(await challenge({}, proto)).toContain('realm="http://mirror.example:5000/token"')
    expect(await challenge({ trustedProxies: ['127.0.0.0/8'] }, proto)).toContain('realm="https://mirror')
  })

  it('a password is accepted with each request, and rights decide on the full name', async () => {
    const { gate } = await signed()
    const as = (user: string, wanted = alpine) => gate.admit(request({ headers: basic(user) }), wanted)
    expect(await as('alice')).toEqual({ allowed: true, client: '127.0.0.1', user: 'alice' })
    expect(await as('alice', repository('quay.io/a/b'))).toMatchObject({ status: 403, code: 'DENIED' })
    expect(await as('root', repository('quay.io/a/b'))).toMatchObject({ allowed: true })
    const lists = await Promise.all(
      ['alice', 'root'].map((user) => gate.admit(request({ headers: basic(user) }), catalog)),
    )
    expect(lists.map(({ allowed }) => allowed)).toEqual([false, true])
  })

  it.each([
    ['a wrong password', basic('alice', 'wrong')],
    ['an unknown user', basic('mallory')],
    ['an empty user', basic('', '')],
    ['a header without a colon', { authorization: `Basic ${Buffer.from('alice').toString('base64')}` }],
    ['another scheme', { authorization: `Digest username="alice"` }],
    ['a token of somebody else', bearer('eyJhbGciOiJub25lIn0.e30.')],
    ['no header', {}],
  ])('W9 %s gets a challenge', async (_, headers) => {
    const { gate } = await signed()
    expect(await gate.admit(request({ headers }), base)).toMatchObject({ status: 401, client: '127.0.0.1' })
  })

  it('a file of passwords that changes is read again; a broken one is not used', async () => {
    const file = useFolder()
    const htpasswd = file('users', `alice:${hash}\n`)
    const { gate } = await access({ htpasswd })
    const isAllowed = async (user: string) =>
      (await gate.admit(request({ headers: basic(user) }), base)).allowed
    file('users', 'alice:broken')
    await expect.poll(() => isAllowed('alice')).toBe(true)
    file('users', `bob:${hash}\n`)
    await expect.poll(() => isAllowed('bob')).toBe(true)
    expect(await isAllowed('alice')).toBe(false)
  })
})
