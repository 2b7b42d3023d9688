import { existsSync } from 'node:fs'
import { faults, startRegistry } from '@dist/testkit'
import {
  arm64Image,
  artifactOf,
  attestedIndex,
  dockerImage,
  indexImage,
  ociImage,
  pushImage,
  seededLayer,
  singleImage,
} from '@dist/testkit/fixtures'
import { registryUser } from '@dist/testkit/servers'
import { beforeEach, describe, expect, it } from 'vitest'
import { expectPushed } from '../support/expect-pushed.js'
import { freshRequests, requestsFor } from '../support/requests.js'
import { useRegistry } from '../support/servers.js'
import { jsonLines, useWorkspace } from '../support/workspace.js'

const docker = dockerImage({ layers: [seededLayer('docker', 5000)] })
const large = ociImage({ layers: [seededLayer('large', 9_000_000), seededLayer('small', 1000)] })
const attested = attestedIndex()
const ofIndex = artifactOf(indexImage, 'of the index')
const ofManifest = artifactOf(arm64Image, 'of a manifest')
const ofArtifact = artifactOf(ofManifest, 'of an artifact')

const source = useRegistry(async ({ url }) => {
  await pushImage(url, 'docker', '1', docker)
  await pushImage(url, 'large', '1', large)
  await pushImage(url, 'index', '1', indexImage)
  await pushImage(url, 'attested', '1', attested)
})
const registry = useRegistry()
const guarded = useRegistry(({ url }) => pushImage(url, 'single', '1', singleImage, { auth: registryUser }), {
  auth: true,
})
const workspace = useWorkspace()
beforeEach(() => {
  source().clearRequests()
  registry().clearRequests()
})

let repositories = 0
const fresh = () => `fresh-${++repositories}`
const from = (name: string) => `${source().host}/${name}`
const to = (name: string) => `${registry().host}/${name}`
const copy = (...args: string[]) => workspace().dist(['copy', ...args])

describe('an image that is copied', () => {
  it.each([
    ["of Docker's schema 2", 'docker:1', docker],
    ['with a layer that is streamed', 'large:1', large],
    ['with all platforms', 'index:1', indexImage],
    ['with its attestation', 'attested:1', attested],
  ])('%s arrives byte for byte, and no local copy stays', async (_, name, image) => {
    const there = to(`${fresh()}:t`)
    const { digest } = image.descriptor
    expect(await copy(from(name), there)).toMatchObject({ code: 0, stdout: `${there} ${digest}\n` })
    expect(existsSync(workspace().store)).toBe(false)
    await expectPushed(there, image)
  })

  it('costs one HEAD at each side when nothing has changed, one request for referrers, and one listing of tags', async () => {
    const repository = fresh()
    const args = ['--json', from('index:1'), to(`${repository}:t`)]
    await copy(...args)
    expect((await requestsFor(registry(), repository)).sort()).toEqual(freshRequests(indexImage, 't'))
    await requestsFor(source(), 'index')
    expect(jsonLines((await copy('--no-referrers', ...args)).stdout)).toMatchObject([
      { upToDate: true, copied: { objects: 0, bytes: 0 } },
    ])
    expect(await requestsFor(registry(), repository)).toEqual(['HEAD manifests/t 200'])
    expect(await requestsFor(source(), 'index')).toEqual(['HEAD manifests/1 200'])
    await copy(...args)
    const { digest } = indexImage.descriptor
    expect(await requestsFor(registry(), repository)).toEqual(['HEAD manifests/t 200'])
    expect((await requestsFor(source(), 'index')).sort()).toEqual([
      `GET referrers/${digest} 404`,
      'GET tags/list 200',
      'HEAD manifests/1 200',
    ])
  })

  it('within a registry transfers no blob', async () => {
    const [first, second] = [fresh(), fresh()]
    await copy(from('large:1'), to(`${first}:t`))
    await requestsFor(registry(), first)
    await copy(to(`${first}:t`), to(`${second}:t`))
    const requests = await registryRequests()
    expect(requests.filter((request) => /GET .*\/blobs\//.test(request))).toEqual([])
    expect(requests.filter((request) => /POST .*mount=/.test(request))).toHaveLength(large.blobs.length)
    await expectPushed(to(`${second}:t`), large)
  })

  it('to another tag of its repository sends the tag only', async () => {
    const repository = fresh()
    await copy(from('index:1'), to(`${repository}:t`))
    await requestsFor(registry(), repository)
    await copy('--no-referrers', to(`${repository}:t`), to(`${repository}:u`))
    const requests = await requestsFor(registry(), repository)
    expect(requests.filter((request) => /blobs\/uploads/.test(request))).toEqual([])
    await expectPushed(to(`${repository}:u`), indexImage)
  })

  it('of one platform is its manifest only', async () => {
    const there = to(`${fresh()}:t`)
    const args = ['--platform', 'linux/arm64', from('index:1'), there]
    expect(await copy(...args)).toMatchObject({
      code: 0,
      stdout: `${there} ${arm64Image.descriptor.digest}\n`,
    })
    await expectPushed(there, arm64Image)
    expect((await copy(...args)).stderr).toContain('up to date')
  })

  it('by a digest, to a tag and to the digest', async () => {
    const { digest } = indexImage.descriptor
    const repository = fresh()
    expect(await copy(from(`index@${digest}`), to(`${repository}:t@${digest}`))).toMatchObject({ code: 0 })
    await expectPushed(to(`${repository}:t`), indexImage)
    await expectPushed(to(`${repository}@${digest}`), indexImage)
  })

  it('between registries that need logins', async () => {
    const { host } = guarded()
    const { name, password } = registryUser
    const auth = Buffer.from(`${name}:${password}`).toString('base64')
    const authfile = workspace().file('auth.json', JSON.stringify({ auths: { [host]: { auth } } }))
    const there = `${host}/${fresh()}:t`
    expect(await copy('--authfile', authfile, `${host}/single:1`, there)).toMatchObject({ code: 0 })
    expect((await workspace().dist(['resolve', '--authfile', authfile, there])).stdout).toContain(
      singleImage.descriptor.digest,
    )
    expect(await copy(`${host}/single:1`, to('x:1'))).toMatchObject({ code: 4, stdout: '' })
  })

  async function registryRequests(): Promise<string[]> {
    await registry().settled()
    return registry()
      .requests()
      .map(({ method, path }) => `${method} ${path}`)
  }
})

describe('referrers of an image', () => {
  it('are copied with it, at every level, and later ones by a later copy', async () => {
    const repository = fresh()
    await copy(from('index:1'), to(`${repository}:t`))
    await using upstream = await startRegistry({ referrers: 100 })
    upstream.content.putImage('index', '1', indexImage)
    for (const artifact of [ofIndex, ofManifest, ofArtifact])
      upstream.content.putImage('index', artifact.descriptor.digest, artifact)
    const args = [`${upstream.host}/index:1`, to(`${repository}:t`)]
    expect((await copy(...args)).stderr).not.toContain('up to date')
    for (const artifact of [ofIndex, ofManifest, ofArtifact])
      await expectPushed(to(`${repository}@${artifact.descriptor.digest}`), artifact)
    expect((await copy(...args)).stderr).toContain('up to date')
    // From a registry with the referrers tag to one with the referrers API.
    await using modern = await startRegistry({ referrers: 100 })
    expect(await copy(to(`${repository}:t`), `${modern.host}/again:t`)).toMatchObject({ code: 0 })
    for (const { descriptor } of [ofIndex, ofManifest, ofArtifact])
      expect(modern.content.find('again', 'manifests', descriptor.digest)?.digest).toBe(descriptor.digest)
  })
})

describe('a copy that fails', () => {
  it('3: the source does not exist', async () => {
    const ended = await copy(from('none:1'), to('none:1'))
    expect(ended).toMatchObject({ code: 3, stdout: '' })
    expect(ended.stderr).toContain(from('none:1'))
  })

  it('2: the destination’s digest is not that of the source', async () => {
    const repository = fresh()
    const ended = await copy(from('index:1'), to(`${repository}@${singleImage.descriptor.digest}`))
    expect(ended).toMatchObject({ code: 2, stdout: '' })
    expect(ended.stderr).toContain(indexImage.descriptor.digest)
    expect((await requestsFor(registry(), repository)).every((request) => /^HEAD/.test(request))).toBe(true)
  })

  it('5: a damaged layer: the destination never has it', async () => {
    await using upstream = await startRegistry()
    upstream.content.putImage('large', '1', large)
    const layer = large.blobs[1]?.descriptor.digest ?? ''
    upstream.script({ path: `/blobs/${layer}` }, faults.flippedByte(8_000_000))
    const repository = fresh()
    const ended = await copy(`${upstream.host}/large:1`, to(`${repository}:t`))
    expect(ended).toMatchObject({ code: 5, stdout: '' })
    for (const object of ['manifests/t', `blobs/${layer}`])
      expect((await fetch(`${registry().url}/v2/${repository}/${object}`)).status).toBe(404)
  })

  it('continues after its source breaks off', async () => {
    await using upstream = await startRegistry()
    upstream.content.putImage('large', '1', large)
    const layer = large.blobs[1]?.descriptor.digest ?? ''
    upstream.script({ path: `/blobs/${layer}` }, faults.cutBody(6_000_000), { times: 1 })
    const repository = fresh()
    expect(await copy(`${upstream.host}/large:1`, to(`${repository}:t`))).toMatchObject({ code: 0 })
    const ranges = upstream.received({ path: layer }).map(({ headers }) => headers.range)
    expect(ranges).toEqual([undefined, expect.stringMatching(/^bytes=\d+-$/)])
    await expectPushed(to(`${repository}:t`), large)
  })

  it('copies the image that the tag named first, although the tag moves (S17)', async () => {
    await using upstream = await startRegistry()
    upstream.content.putImage('app', '1', large)
    upstream.script({ path: '/blobs/' }, async (_request, proper) => {
      upstream.content.putImage('app', '1', singleImage)
      return proper()
    })
    const there = to(`${fresh()}:t`)
    expect(await copy(`${upstream.host}/app:1`, there)).toMatchObject({
      code: 0,
      stdout: `${there} ${large.descriptor.digest}\n`,
    })
    await expectPushed(there, large)
  })

  it.each([
    [403, 4],
    [405, 1],
    [413, 1],
    [429, 1],
  ])('%i from the destination: its message in one line, and exit code %i', async (status, code) => {
    await using refusing = await startRegistry()
    const body = JSON.stringify({
      errors: [{ code: 'OWN', message: `words\u001b[31m\n${'x'.repeat(3000)}` }],
    })
    const headers = { 'content-type': 'application/json', 'retry-after': '0' }
    refusing.script({ method: 'POST' }, faults.status(status, headers, body))
    const ended = await copy(from('docker:1'), `${refusing.host}/a:1`)
    expect(ended).toMatchObject({ code, stdout: '' })
    const line = ended.stderr.split('\n').find((text) => text.startsWith('dist: ')) ?? ''
    expect(line).toMatch(/OWN: words/)
    expect(line).not.toContain('\u001b')
    expect(line.length).toBeLessThan(700)
    expect(refusing.received({ method: 'PUT' })).toEqual([])
  })
})
