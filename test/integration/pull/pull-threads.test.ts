import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { faults, pushImage, startRegistry } from '@dist/testkit'
import { digestsOf, largeImage, ociImage, seededLayer, singleImage } from '@dist/testkit/fixtures'
import { registryUser } from '@dist/testkit/servers'
import { beforeAll, describe, expect, it } from 'vitest'
import { forFile, useRegistry } from '../support/servers.js'
import { leftovers, rehash } from '../support/store-files.js'
import { type Ended, linesOf, useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()
const { name: username, password } = registryUser
const guarded = await forFile(startRegistry({ auth: { username, password } }))
guarded.content.putImage('app', 'large', largeImage())
const registry = await forFile(startRegistry())
registry.content.putImage('app', 'large', largeImage())
registry.content.putImage('small', 'one', singleImage)
// Node prints to stderr when a worker thread starts.
const env = { NODE_DEBUG: 'worker' }
const blobs = largeImage().blobs.map(({ descriptor }) => descriptor.digest)

async function expectWhole(ended: Ended): Promise<void> {
  expect(ended.code, ended.stderr).toBe(0)
  expect(ended.stderr).toMatch(/^WORKER \d+:.*create new worker/m)
  expect(await rehash(workspace().store)).toEqual(digestsOf(largeImage()))
  expect(await leftovers(workspace().store)).toEqual([])
}

function credentialsFor(host: string): string[] {
  const auth = Buffer.from(`${registryUser.name}:${registryUser.password}`).toString('base64')
  return ['--authfile', workspace().file('auth.json', JSON.stringify({ auths: { [host]: { auth } } }))]
}

describe('a registry that needs name and password', () => {
  const guarded = useRegistry(
    ({ url }) => pushImage(url, 'app', 'large', largeImage(), { auth: registryUser }),
    { auth: true },
  )

  it('gets them from threads, too, and -v shows the requests of threads', async () => {
    const { host } = guarded()
    const ended = await workspace().dist(['pull', '-v', ...credentialsFor(host), `${host}/app:large`], {
      env,
    })
    await expectWhole(ended)
    for (const digest of blobs) {
      const told = linesOf(ended.stderr).filter((line) =>
        line.startsWith(`GET http://${host}/v2/app/blobs/${digest} 200`),
      )
      expect(told).toHaveLength(1)
    }
    expect(ended.stderr).not.toContain(registryUser.password)
  })
})

describe('a registry whose authority only the settings of its host name', () => {
  const secure = useRegistry(() => Promise.resolve(), { tls: true })
  beforeAll(async () => {
    const { url, ca } = secure()
    await pushImage(url, 'app', 'large', largeImage(), { ca: ca?.pem ?? '' })
  })

  /** A folder of settings with https and the trusted authority. */
  function hostsDir(authority: string): string {
    const { host, url } = secure()
    const folder = join(workspace().root, 'certs')
    mkdirSync(join(folder, host), { recursive: true })
    writeFileSync(join(folder, host, 'hosts.toml'), `server = "${url}"\n[host."${url}"]\n${authority}`)
    return folder
  }

  it('R24 is trusted by threads too', async () => {
    const { host, ca } = secure()
    const folder = hostsDir('ca = "ca.pem"\n')
    writeFileSync(join(folder, host, 'ca.pem'), ca?.pem ?? '')
    await expectWhole(await workspace().dist(['pull', '--hosts-dir', folder, `${host}/app:large`], { env }))
  })

  it('R24 is not trusted without them', async () => {
    const ended = await workspace().dist(['pull', '--hosts-dir', hostsDir(''), `${secure().host}/app:large`])
    expect(ended).toMatchObject({ code: 1, stdout: '' })
    expect(ended.stderr).toContain('certificate')
    expect(ended.stderr).not.toContain('    at ')
  })
})

describe('a registry with a token server', () => {
  it('threads share the tokens of the main thread', async () => {
    const { host } = guarded
    const ended = await workspace().dist(['pull', ...credentialsFor(host), `${host}/app:large`], { env })
    await expectWhole(ended)
    expect(guarded.received({ path: '/token' })).toHaveLength(1)
  })

  it('R8 an expired token is fetched again, once for all threads', async () => {
    const { host } = guarded
    const before = guarded.received({ path: '/token' }).length
    const [layer] = largeImage().blobs.slice(1)
    const path = `/blobs/${layer?.descriptor.digest}`
    guarded.script(
      { path },
      (request, proper) => {
        guarded.revokeTokens()
        return faults.cutBody(1_000_000)(request, proper)
      },
      { times: 1 },
    )
    await expectWhole(await workspace().dist(['pull', ...credentialsFor(host), `${host}/app:large`], { env }))
    expect(guarded.received({ path: '/token' }).length - before).toBeLessThanOrEqual(3)
  })
})

describe('a registry that misbehaves', () => {
  it('R10 one byte flipped on its way through a thread: 5, and nothing of it is visible', async () => {
    const digest = blobs[2] ?? ''
    registry.script({ path: `/blobs/${digest}` }, faults.flippedByte(20_000_000))
    const ended = await workspace().dist(['pull', `${registry.host}/app:large`], { env })
    expect(ended).toMatchObject({ code: 5, stdout: '' })
    expect(ended.stderr).toContain(digest)
    expect(ended.stderr).not.toContain('    at ')
    expect(await rehash(workspace().store)).not.toContain(digest)
    expect((await workspace().dist(['images', '--json'])).stdout).toBe('')
  })

  it('a single large blob needs no threads', async () => {
    const image = ociImage({ layers: [seededLayer('alone', 70 * 1024 * 1024)] })
    registry.content.putImage('alone', 'one', image)
    const ended = await workspace().dist(['pull', `${registry.host}/alone:one`], { env })
    expect(ended.code, ended.stderr).toBe(0)
    expect(ended.stderr).not.toContain('WORKER')
    expect(await rehash(workspace().store)).toEqual(digestsOf(image))
  })

  it('a small pull needs no threads', async () => {
    const ended = await workspace().dist(['pull', `${registry.host}/small:one`], { env })
    expect(ended.code).toBe(0)
    expect(ended.stderr).not.toContain('WORKER')
  })
})
