import { join } from 'node:path'
import { fixtureBlob, pushImage, singleImage } from '@dist/testkit/fixtures'
import { freePort, registryUser } from '@dist/testkit/servers'
import { expect, it } from 'vitest'
import { startScripted } from '../support/scripted.js'
import { useRegistry } from '../support/servers.js'
import { useWorkspace } from '../support/workspace.js'

const registry = useRegistry(({ url }) => pushImage(url, 'app', '1', singleImage))
const guarded = useRegistry(({ url }) => pushImage(url, 'app', '1', singleImage, { auth: registryUser }), {
  auth: true,
})
const workspace = useWorkspace()
const { digest } = fixtureBlob('something').descriptor

const oneLine = /^dist: [^\n]+\n$/

it('3: content that the registry or the store does not have', async () => {
  for (const args of [
    ['resolve', `${registry().host}/app:2`],
    ['resolve', `${registry().host}/none:1`],
    ['fetch', `${registry().host}/app`, digest],
    ['pull', `${registry().host}/app:2`],
    ['path', digest],
    ['inspect', 'alpine'],
  ]) {
    const ended = await workspace().dist(args)
    expect(ended.code, args.join(' ')).toBe(3)
    expect(ended.stderr).toMatch(/^dist: [^\n]+\n/)
  }
})

it('4: a registry that needs a login; docker’s credentials are enough', async () => {
  const reference = `${guarded().host}/app:1`
  const refused = await workspace().dist(['resolve', reference])
  expect(refused.code).toBe(4)
  expect(refused.stderr).toMatch(oneLine)
  const auth = (password: string) => Buffer.from(`${registryUser.name}:${password}`).toString('base64')
  const authfile = (password: string) =>
    workspace().file(
      `${password}.json`,
      JSON.stringify({ auths: { [guarded().host]: { auth: auth(password) } } }),
    )
  const allowed = await workspace().dist([
    'resolve',
    '--authfile',
    authfile(registryUser.password),
    reference,
  ])
  expect(allowed).toMatchObject({ code: 0, stderr: '' })
  const wrong = await workspace().dist([
    'fetch',
    '--authfile',
    authfile('wrong'),
    `${guarded().host}/app`,
    '1',
  ])
  expect(wrong.code).toBe(4)
  expect(wrong.stderr).not.toContain('wrong')
})

it('5: content that does not match', async () => {
  const ended = await workspace().dist(['ingest', '--expected-digest', digest, 'ref'], { stdin: 'other' })
  expect(ended.code).toBe(5)
  expect(ended.stderr).toMatch(oneLine)
})

it('6: some of several failed', async () => {
  const args = ['pull', `${registry().host}/app:1`, `${registry().host}/app:2`]
  expect((await workspace().dist(args)).code).toBe(6)
  expect((await workspace().dist(['path', singleImage.descriptor.digest, digest])).code).toBe(6)
})

it('1: a registry that refuses connections', async () => {
  const closed = await workspace().dist([
    'fetch',
    '--timeout',
    '20s',
    `127.0.0.77:${await freePort()}/app`,
    '1',
  ])
  expect(closed.code).toBe(1)
  expect(closed.stderr).toMatch(oneLine)
})

it('2: a folder that is no store; 1: a store of a newer layout', async () => {
  const file = workspace().file('file', '')
  const other = workspace().root
  for (const root of [file, other]) {
    const ended = await workspace().dist(['ingest', '--store', root, 'ref'], { stdin: 'x' })
    expect(ended.code).toBe(2)
    expect(ended.stderr).toMatch(oneLine)
  }
  await workspace().shell('mkdir newer; echo \'{"imageLayoutVersion":"2.0.0"}\' > newer/oci-layout')
  const newer = await workspace().dist(['list', '--store', join(other, 'newer')])
  expect(newer.code).toBe(1)
  expect(newer.stderr).toContain('2.0.0')
})

it('only -v shows a stack trace', async () => {
  const args = ['inspect', 'alpine']
  expect((await workspace().dist(args)).stderr).not.toContain('    at ')
  expect((await workspace().dist([...args, '-v'])).stderr).toContain('    at ')
})

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s while a registry keeps silent: %i, at once', async (signal, code) => {
  let asked = () => {}
  const arrived = new Promise<void>((resolve) => {
    asked = resolve
  })
  await using silent = await startScripted(() => asked())
  const running = workspace().start(['fetch', `${silent.host}/app`, '1'])
  await arrived
  running.child.kill(signal)
  expect(await running.ended).toMatchObject({ code, stdout: '', stderr: '' })
})
