import {
  allContent,
  artifactOf,
  attestedIndex,
  digestsOf,
  dockerImage,
  imageIndex,
  indexImage,
  ociImage,
  otherImage,
  ownImage,
  pushImage,
  seededLayer,
  singleImage,
} from '@dist/testkit/fixtures'
import { describe, expect, it } from 'vitest'
import { expectPushed } from '../support/expect-pushed.js'
import { freshRequests, requestsFor } from '../support/requests.js'
import { useRegistry } from '../support/servers.js'
import { rehash } from '../support/store-files.js'
import { jsonLines, usePulledStore, useWorkspace } from '../support/workspace.js'

const docker = dockerImage({ layers: [seededLayer('docker', 5000)] })
const large = ociImage({ layers: [seededLayer('large', 9_000_000), seededLayer('small', 1000)] })
const attested = attestedIndex()
const signature = artifactOf(singleImage, 'signature')
const threeImages = imageIndex([
  ownImage,
  otherImage,
  ociImage({ layers: [seededLayer('s390x', 500)], platform: { os: 'linux', architecture: 's390x' } }),
])

const upstream = useRegistry(async ({ url }) => {
  await pushImage(url, 'single', '1', singleImage)
  await pushImage(url, 'docker', '1', docker)
  await pushImage(url, 'large', '1', large)
  await pushImage(url, 'index', '1', indexImage)
  await pushImage(url, 'attested', '1', attested)
  await pushImage(url, 'three', '1', threeImages)
  await pushImage(url, 'single', 'signature', signature)
})
const images = { docker, single: singleImage, large, index: indexImage, attested }
const registry = useRegistry()
const workspace = useWorkspace()

let repositories = 0
/** An unused repository. */
const fresh = () => `fresh-${++repositories}`
const from = (name: string) => `${upstream().host}/${name}`
const to = (name: string) => `${registry().host}/${name}`
const pull = (...args: string[]) => workspace().dist(['pull', ...args])
const twoPlatforms = ['--platform', 'linux/amd64', '--platform', 'linux/arm64']

describe('of whole images', () => {
  usePulledStore(
    workspace,
    () => ['--all-platforms', ...Object.keys(images).map((name) => from(`${name}:1`))],
    () => [...twoPlatforms, from('three:1')],
  )

  describe('an image that is pushed', () => {
    it.each([
      ["of Docker's schema 2", 'docker:1', docker],
      ['of OCI', 'single:1', singleImage],
      ['with a layer that is streamed', 'large:1', large],
      ['as an index', 'index:1', indexImage],
      ['with its attestation', 'attested:1', attested],
    ])('%s is there byte for byte', async (_, name, image) => {
      const there = to(`${fresh()}:t`)
      const { digest } = image.descriptor
      expect(await workspace().dist(['push', from(name), there])).toMatchObject({
        code: 0,
        stdout: `${there} ${digest}\n`,
      })
      await expectPushed(there, image)
    })

    it('costs a HEAD, a POST and a PUT for each blob, and a PUT for each manifest', async () => {
      const repository = fresh()
      await workspace().dist(['push', from('index:1'), to(`${repository}:t`)])
      expect((await requestsFor(registry(), repository)).sort()).toEqual(freshRequests(indexImage, 't'))
    })

    it('costs one HEAD the second time, and with --check one for each part', async () => {
      const repository = fresh()
      const args = [from('index:1'), to(`${repository}:t`), '--json']
      await workspace().dist(['push', ...args])
      await requestsFor(registry(), repository)
      const again = await workspace().dist(['push', ...args])
      expect(jsonLines(again.stdout)).toMatchObject([{ upToDate: true, pushed: { objects: 0, bytes: 0 } }])
      expect(await requestsFor(registry(), repository)).toEqual(['HEAD manifests/t 200'])
      const checked = await workspace().dist(['push', '--check', ...args])
      expect(jsonLines(checked.stdout)).toMatchObject([{ upToDate: true, pushed: { objects: 0, bytes: 0 } }])
      const heads = await requestsFor(registry(), repository)
      expect(heads).toHaveLength(1 + allContent(indexImage).length)
      expect(heads.every((request) => /^HEAD .* 200$/.test(request))).toBe(true)
    })

    it('goes where its name says, unless it is told otherwise', async () => {
      const name = to(`${fresh()}:t`)
      await workspace().dist(['tag', from('single:1'), name])
      expect(await workspace().dist(['push', name])).toMatchObject({ code: 0 })
      await expectPushed(name, singleImage)
    })

    it('has its blobs from another repository of the registry where that has them', async () => {
      const [first, second] = [fresh(), fresh()]
      await workspace().dist(['push', from('single:1'), to(`${first}:t`)])
      await workspace().dist(['tag', from('single:1'), to(`${first}:t`)])
      const pushed = await workspace().dist(['push', '--json', to(`${first}:t`), to(`${second}:t`)])
      expect(jsonLines(pushed.stdout)).toMatchObject([{ pushed: { objects: 1 } }])
      const requests = await requestsFor(registry(), second)
      const mounts = requests.filter((request) => request === 'POST blobs/uploads mount 201')
      expect(mounts).toHaveLength(singleImage.blobs.length)
      expect(requests.filter((request) => /^PUT/.test(request))).toEqual(['PUT manifests/t 201'])
      await expectPushed(to(`${second}:t`), singleImage)
    })

    it('is sent in chunks where that is asked for', async () => {
      const repository = fresh()
      await workspace().dist(['push', '--chunk-size', '4000000', from('large:1'), to(`${repository}:t`)])
      const patches = (await requestsFor(registry(), repository)).filter((request) => /^PATCH/.test(request))
      expect(patches.length).toBeGreaterThanOrEqual(2)
      await expectPushed(to(`${repository}:t`), large)
    })
  })

  describe('images that are pushed together', () => {
    it('are read byte for byte by skopeo and by us', async () => {
      const prefix = fresh()
      const names = Object.keys(images).map((name) => `${name}:1`)
      expect(await workspace().dist(['push', '--to', to(prefix), ...names.map(from)])).toMatchObject({
        code: 0,
      })
      const there = names.map((name) => to(`${prefix}/${name}`))
      const inspect = there.map((name) => `skopeo inspect --raw --tls-verify=false docker://${name}`)
      const raw = await workspace().shell(`set -e; ${inspect.join('; ')}`)
      expect(raw).toMatchObject({ code: 0, stderr: '' })
      expect(raw.bytes).toEqual(Buffer.concat(Object.values(images).map(({ content }) => content)))
      const store = `${workspace().store}-read-back`
      const pulled = await workspace().dist(['pull', '--all-platforms', '--store', store, ...there])
      expect(pulled).toMatchObject({ code: 0 })
      expect(await rehash(store)).toEqual(digestsOf(...Object.values(images)))
    })

    it('go below a prefix, and what they share is sent once', async () => {
      await workspace().dist(['tag', from('single:1'), from('other:2')])
      const prefix = fresh()
      const names = ['index:1', 'single:1', 'docker:1', 'other:2']
      const args = ['push', '--to', to(prefix), ...names.map(from)]
      expect(await workspace().dist(args)).toMatchObject({
        code: 0,
        stdout: [indexImage, singleImage, docker, singleImage]
          .map(({ descriptor }, i) => `${to(`${prefix}/${names[i]}`)} ${descriptor.digest}\n`)
          .join(''),
      })
      await expectPushed(to(`${prefix}/index:1`), indexImage)
      await expectPushed(to(`${prefix}/other:2`), singleImage)
      const requests = await requestsFor(registry(), prefix)
      const puts = requests.filter((request) => /^PUT (single|other)\/blobs\/uploads/.test(request))
      expect(puts).toHaveLength(singleImage.blobs.length)
    })

    it('6: of which some are refused', async () => {
      const args = ['push', '--json', '--to', to(fresh()), from('three:1'), from('docker:1')]
      const ended = await workspace().dist(args)
      expect(ended.code).toBe(6)
      expect(jsonLines(ended.stdout)).toMatchObject([
        { error: expect.stringContaining('MANIFEST_BLOB_UNKNOWN') },
        { digest: docker.descriptor.digest },
      ])
    })

    it('2: without a place for all of them', async () => {
      const ended = await workspace().dist(['push', from('a:1'), to('a:1'), to('b:1')])
      expect(ended).toMatchObject({ code: 2, stdout: '' })
      expect(ended.stderr).toContain('--to')
    })
  })
})

describe('what refers to an image', () => {
  usePulledStore(workspace, () => [from('single:1'), from(`single@${signature.descriptor.digest}`)])

  it('is pushed with it and listed under the tag for that; the second time costs three questions more', async () => {
    const repository = fresh()
    const { digest } = signature.descriptor
    const args = ['push', from('single:1'), to(`${repository}:t`)]
    expect(await workspace().dist(args)).toMatchObject({ code: 0 })
    const tag = singleImage.descriptor.digest.replace(':', '-')
    const accept = 'application/vnd.oci.image.index.v1+json'
    const list = await fetch(`${registry().url}/v2/${repository}/manifests/${tag}`, { headers: { accept } })
    expect(await list.json()).toMatchObject({
      manifests: [{ digest, artifactType: 'application/vnd.example.signature' }],
    })
    await expectPushed(to(`${repository}@${digest}`), signature)
    await requestsFor(registry(), repository)
    expect((await workspace().dist(args)).stderr).toContain('up to date')
    expect(await requestsFor(registry(), repository)).toEqual([
      'HEAD manifests/t 200',
      `GET referrers/${singleImage.descriptor.digest} 404`,
      'GET tags/list 200',
      `GET manifests/${tag} 200`,
    ])
  })

  it('stays with --no-referrers', async () => {
    const repository = fresh()
    await workspace().dist(['push', '--no-referrers', from('single:1'), to(`${repository}:t`)])
    expect((await requestsFor(registry(), repository)).sort()).toEqual(freshRequests(singleImage, 't'))
  })
})

describe('an index that is stored in part', () => {
  usePulledStore(
    workspace,
    () => [from('index:1')],
    () => ['--platform', 'linux/amd64', from('attested:1')],
    () => [...twoPlatforms, from('three:1')],
  )

  it('of one platform: its manifest goes alone, and that is said', async () => {
    const there = to(`${fresh()}:t`)
    const ended = await workspace().dist(['push', from('index:1'), there])
    expect(ended).toMatchObject({ code: 0, stdout: `${there} ${ownImage.descriptor.digest}\n` })
    expect(ended.stderr).toContain(`is pushed, ${ownImage.descriptor.digest}`)
    expect(ended.stderr).toContain('dist pull --all-platforms')
    await expectPushed(there, ownImage)
  })

  it('of the only platform that there is: the index goes whole', async () => {
    const there = to(`${fresh()}:t`)
    expect((await workspace().dist(['push', from('attested:1'), there])).stderr).not.toContain('alone')
    await expectPushed(there, attested)
  })

  it('goes whole once the rest has been pulled, also over the manifest alone', async () => {
    const args = ['push', from('index:1'), to(`${fresh()}:t`)]
    await workspace().dist(args)
    await pull('--all-platforms', from('index:1'))
    expect(await workspace().dist(args)).toMatchObject({ code: 0 })
    await expectPushed(args[2] ?? '', indexImage)
  })

  it('of a platform that is named: its manifest goes alone, though the store has more', async () => {
    await pull('--all-platforms', from('index:1'))
    const there = to(`${fresh()}:t`)
    const platform = `linux/${otherImage.descriptor.platform?.architecture}`
    const ended = await workspace().dist(['push', '--platform', platform, from('index:1'), there])
    expect(ended).toMatchObject({ code: 0, stdout: `${there} ${otherImage.descriptor.digest}\n` })
    await expectPushed(there, otherImage)
  })

  it('of some platforms: the registry refuses the index in its own words, and there is no tag', async () => {
    const repository = fresh()
    const ended = await workspace().dist(['push', from('three:1'), to(`${repository}:t`)])
    expect(ended).toMatchObject({ code: 1, stdout: '' })
    expect(ended.stderr).toMatch(/MANIFEST_BLOB_UNKNOWN.*the index names 1 more manifests than are sent/)
    expect((await fetch(`${registry().url}/v2/${repository}/manifests/t`)).status).toBe(404)
  })

  it('3: a platform that the store does not hold', async () => {
    const ended = await workspace().dist(['push', '--platform', 'linux/s390x', from('index:1'), to('none:t')])
    expect(ended).toMatchObject({ code: 3, stdout: '' })
    expect(ended.stderr).toContain('dist pull --platform')
    expect(await requestsFor(registry(), 'none')).toEqual([])
  })
})
