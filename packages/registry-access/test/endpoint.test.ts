import { describe, expect, it } from 'vitest'
import {
  access,
  basic,
  bearer,
  hash,
  password,
  repository,
  request,
  signedAccess,
  useFolder,
} from './support/access.js'

const base = { kind: 'base' } as const
const catalog = { kind: 'catalog' } as const
const alpine = repository('docker.io/library/alpine')

describe('tokens', () => {
  const scope = 'repository:docker.io/library/alpine:pull'
  const form = (more: string) => `grant_type=password&username=alice&password=${password}&${more}`

  async function signed(rights = 'everyone: ["docker.io/**"]') {
    const file = useFolder()
    return await signedAccess(['alice'], { rights: file('rights.yaml', rights) })
  }

  async function tokenFor(
    { tokens }: Awaited<ReturnType<typeof signed>>,
    query: string,
    headers: object = basic('alice'),
  ) {
    const answer = await tokens?.answer(request({ url: `/token?${query}`, headers: { ...headers } }))
    return answer?.allowed ? answer.token : expect.unreachable(JSON.stringify(answer))
  }

  it('admit to what their scope names, until they end', async () => {
    const opened = await signed()
    const query = `service=dist&client_id=docker&offline_token=true&account=alice&scope=${scope}`
    const { token, access_token, expires_in, issued_at } = await tokenFor(opened, query)
    expect([access_token, expires_in]).toEqual([token, 300])
    expect(Math.abs(Date.parse(issued_at) - Date.now())).toBeLessThan(60_000)
    const with_ = request({ headers: bearer(token) })
    expect(await opened.gate.admit(with_, alpine)).toEqual({
      allowed: true,
      client: '127.0.0.1',
      user: 'alice',
    })
    expect(await opened.gate.admit(with_, base)).toMatchObject({ allowed: true })
    expect(await opened.gate.admit(with_, repository('docker.io/library/debian'))).toMatchObject({
      status: 401,
      headers: {
        'www-authenticate': expect.stringMatching(
          /scope="repository:docker\.io\/library\/debian:pull",error="insufficient_scope"$/,
        ),
      },
    })
    expect(await opened.gate.admit(with_, repository('quay.io/a/b'))).toMatchObject({ status: 403 })
    expect(await opened.gate.admit(with_, catalog)).toMatchObject({ status: 403 })
  })

  it('take several scopes, repeated or with spaces, and leave out what the user may not read', async () => {
    const opened = await signed()
    const query = `scope=repository:library/alpine:pull&scope=${scope}%20repository:quay.io/a/b:pull`
    const { token } = await tokenFor(opened, query)
    expect(await opened.gate.admit(request({ headers: bearer(token) }), alpine)).toMatchObject({
      allowed: true,
    })
    const payload = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    expect(payload.access).toEqual([
      { type: 'repository', name: 'docker.io/library/alpine', actions: ['pull'] },
    ])
  })

  it('are given for the list of repositories to who may read all of them', async () => {
    const opened = await signed('users: {alice: ["**"]}')
    const { token } = await tokenFor(opened, 'scope=registry:catalog:*')
    expect(await opened.gate.admit(request({ headers: bearer(token) }), catalog)).toMatchObject({
      allowed: true,
    })
    expect(await opened.gate.admit(request({ headers: bearer(token) }), alpine)).toMatchObject({
      status: 401,
    })
  })

  it('are given for a form with grant_type=password', async () => {
    const { tokens, gate } = await signed()
    const post = request({ method: 'POST', url: '/token' })
    const answer = await tokens?.answer(post, form(`service=dist&client_id=containerd&scope=${scope}`))
    const token = answer?.allowed ? answer.token.access_token : ''
    expect(await gate.admit(request({ headers: bearer(token) }), alpine)).toMatchObject({ allowed: true })
    expect(await tokens?.answer(post, 'grant_type=refresh_token&refresh_token=x')).toMatchObject({
      status: 400,
    })
    expect(await tokens?.answer(post, form('').replace(password, 'wrong'))).toMatchObject({ status: 401 })
  })

  it.each([
    ['no credentials', {}],
    ['a wrong password', basic('alice', 'wrong')],
  ])('W9 are not given for %s', async (_, headers) => {
    const { tokens } = await signed()
    expect(await tokens?.answer(request({ url: '/token', headers }))).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': 'Basic realm="dist"' },
    })
  })

  it('W9 guessing is limited at the endpoint, too', async () => {
    const { tokens } = await signed()
    const guess = (i: number) =>
      tokens?.answer(request({ url: '/token', headers: basic('alice', `guess${i}`) }))
    const answers = await Promise.all(Array.from({ length: 21 }, (_, i) => guess(i)))
    expect(answers.at(-1)).toMatchObject({
      status: 429,
      headers: { 'retry-after': expect.stringMatching(/^[1-6]$/) },
    })
  })

  it('end with their user', async () => {
    const file = useFolder()
    const htpasswd = file('users', `alice:${hash}\n`)
    const opened = await access({ htpasswd })
    const { token } = await tokenFor(opened, `scope=${scope}`)
    file('users', `bob:${hash}\n`)
    await expect
      .poll(() => opened.gate.admit(request({ headers: bearer(token) }), alpine))
      .toMatchObject({ status: 401 })
  })

  it('lose what the rights lose, at once', async () => {
    const file = useFolder()
    const rights = file('rights.yaml', 'everyone: ["docker.io/**"]')
    const opened = await signedAccess(['alice'], { rights })
    const { token } = await tokenFor(opened, `scope=${scope}`)
    file('rights.yaml', 'everyone: ["quay.io/**"]')
    await expect
      .poll(() => opened.gate.admit(request({ headers: bearer(token) }), alpine))
      .toMatchObject({ status: 403 })
  })
})
