import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  allContent,
  amd64Image,
  arm64Image,
  digestsOf,
  dockerImage,
  indexImage,
  pushImage,
  seededLayer,
  singleImage,
  tarLayer,
} from '@dist/testkit/fixtures'
import { describe, expect, it } from 'vitest'
import { useRegistry } from '../support/servers.js'
import { leftovers, rehash } from '../support/store-files.js'
import { jsonLines, linesOf, usePulledStore, useWorkspace } from '../support/workspace.js'

const dockerTyped = dockerImage({
  layers: [tarLayer([{ path: 'etc/motd', content: 'docker\n' }]), seededLayer('docker', 1_500_000)],
})
const registry = useRegistry(async ({ url }) => {
  await pushImage(url, 'single', '1', singleImage)
  await pushImage(url, 'index', '1', indexImage)
  await pushImage(url, 'docker', '1', dockerTyped)
})
const workspace = useWorkspace()
const ref = (name: string) => `${registry().host}/${name}`
const dist = (...args: string[]) => workspace().dist(args)
/** The same command with another store. */
const there = (...args: string[]) => workspace().dist(args, { env: { DIST_STORE: otherStore() } })
const otherStore = () => join(workspace().root, 'other')
const shell = (script: string) => workspace().shell(script)
const done = { code: 0, stderr: expect.not.stringMatching(/error|fail/i) }

usePulledStore(workspace, () => ['--all-platforms', ...['single:1', 'index:1', 'docker:1'].map(ref)])

describe('what is exported', () => {
  it('skopeo inspects and copies as an oci-archive, with the same digests', async () => {
    expect(await dist('export', '-o', 'out.tar', ref('single:1'))).toMatchObject(done)
    const inspected = await shell('skopeo inspect oci-archive:out.tar')
    expect(JSON.parse(inspected.stdout)).toMatchObject({
      Digest: singleImage.descriptor.digest,
      Architecture: 'amd64',
    })
    const copied = await shell('skopeo --insecure-policy copy -q oci-archive:out.tar dir:copy')
    expect(copied).toMatchObject({ code: 0, stderr: '' })
    const names = readdirSync(join(workspace().root, 'copy')).filter((name) => /^[0-9a-f]{64}$/.test(name))
    const blobs = singleImage.blobs.map(({ descriptor }) => descriptor.digest.slice('sha256:'.length))
    expect(names.sort()).toEqual([...new Set(blobs)].sort())
  })

  it('skopeo finds among several images by name, and by platform', async () => {
    expect(await dist('export', '-o', 'out.tar', ref('single:1'), ref('index:1'))).toMatchObject(done)
    const single = await shell(`skopeo inspect oci-archive:out.tar:${ref('single:1')}`)
    expect(JSON.parse(single.stdout)).toMatchObject({ Digest: singleImage.descriptor.digest })
    const raw = `skopeo inspect --raw oci-archive:out.tar:${ref('index:1')}`
    expect((await shell(`${raw} | jq -r '.manifests[].digest'`)).stdout).toBe(
      `${amd64Image.descriptor.digest}\n${arm64Image.descriptor.digest}\n`,
    )
  })

  it('skopeo reads as a docker-archive too, also an image of Docker’s media types', async () => {
    for (const [name, image] of [
      ['single:1', singleImage],
      ['docker:1', dockerTyped],
    ] as const) {
      expect(await dist('export', '--force', '-o', 'out.tar', ref(name))).toMatchObject(done)
      const ended = await shell(`skopeo inspect --config docker-archive:out.tar:${ref(name)}`)
      expect(ended).toMatchObject({ code: 0, stderr: '' })
      expect(JSON.parse(ended.stdout)).toMatchObject(
        JSON.parse(Buffer.concat([...(image.blobs[0]?.open() ?? [])]).toString()),
      )
      expect(
        await shell(`rm -rf copy; skopeo --insecure-policy copy -q docker-archive:out.tar dir:copy`),
      ).toMatchObject({
        code: 0,
        stderr: '',
      })
    }
  })

  it('is told: names and digests, size and objects', async () => {
    const ended = await dist('export', '-o', 'out.tar', ref('index:1'), ref('single:1'))
    expect(linesOf(ended.stdout)).toEqual([
      `${ref('index:1')} ${indexImage.descriptor.digest}`,
      `${ref('single:1')} ${singleImage.descriptor.digest}`,
    ])
    expect(linesOf(ended.stderr)).toEqual([
      expect.stringMatching(/^dist: 2 images, 12 objects, [\d.]+ MiB in out\.tar$/),
      expect.stringMatching(/^dist: docker load cannot read .*index:1 has 2 platforms$/),
    ])
    const [report] = jsonLines(
      (await dist('export', '--json', '--force', '-o', 'out.tar', ref('single:1'))).stdout,
    )
    expect(report).toMatchObject({
      ...{ file: 'out.tar', objects: 5, docker: true },
      size: readFileSync(join(workspace().root, 'out.tar')).byteLength,
      images: [{ name: ref('single:1'), digest: singleImage.descriptor.digest, selection: 'all' }],
    })
  })

  it('is the same to the last byte, by a file and by stdout, in any order', async () => {
    await dist('export', '-o', 'out.tar', ref('index:1'), ref('single:1'))
    const piped = await dist('export', ref('single:1'), ref('index:1'))
    expect(piped.bytes.equals(readFileSync(join(workspace().root, 'out.tar')))).toBe(true)
    expect(piped.stderr).toContain(`dist: ${ref('single:1')} ${singleImage.descriptor.digest}\n`)
    const json = await dist('export', '--json', '-o', '-', ref('single:1'))
    expect(JSON.parse(json.stderr)).toMatchObject({ objects: 5, size: json.bytes.byteLength })
  })
})

describe('what is imported', () => {
  it('through a pipe has the same names and bytes', async () => {
    const script = `dist export ${ref('index:1')} ${ref('single:1')} ${ref('docker:1')} -o - | dist import --store other -`
    const ended = await shell(`set -o pipefail; ${script}`)
    expect(ended).toMatchObject({ code: 0 })
    expect(linesOf(ended.stdout).sort()).toEqual(
      [
        `${ref('docker:1')} ${dockerTyped.descriptor.digest}`,
        `${ref('index:1')} ${indexImage.descriptor.digest}`,
        `${ref('single:1')} ${singleImage.descriptor.digest}`,
      ].sort(),
    )
    expect(await rehash(otherStore())).toEqual(digestsOf(indexImage, singleImage, dockerTyped))
    expect((await there('images', '--json')).stdout).toBe((await dist('images', '--json')).stdout)
    expect(await leftovers(otherStore())).toEqual([])
  })

  it('may be one platform of an index, sparse or as the image itself', async () => {
    const script = `dist images rm ${ref('index:1')}; dist pull --platform linux/arm64 ${ref('index:1')}; dist export ${ref('index:1')} | gzip | dist import --store other`
    expect(await shell(script)).toMatchObject({ code: 0 })
    expect(jsonLines((await there('images', '--json')).stdout)).toMatchObject([
      { name: ref('index:1'), digest: indexImage.descriptor.digest, platforms: ['linux/arm64'], missing: [] },
    ])
    await shell(`dist export --platform linux/arm64 ${ref('index:1')} | zstd | dist import --store third`)
    expect(await rehash(join(workspace().root, 'third'))).toEqual(digestsOf(arm64Image))
  })

  it('by skopeo from a registry as an oci-archive: the registry’s bytes', async () => {
    const copy = `skopeo --insecure-policy copy -q --all --src-tls-verify=false docker://${ref('index:1')}`
    expect(await shell(`${copy} oci-archive:in.tar:app:1`)).toMatchObject({ code: 0, stderr: '' })
    const ended = await there('import', 'in.tar')
    expect(ended).toMatchObject({
      code: 0,
      stdout: `docker.io/library/app:1 ${indexImage.descriptor.digest}\n`,
    })
    expect(await rehash(otherStore())).toEqual(digestsOf(indexImage))
  })

  it('by skopeo without a name needs one', async () => {
    const copy = `skopeo --insecure-policy copy -q --src-tls-verify=false docker://${ref('single:1')}`
    expect(await shell(`${copy} oci-archive:in.tar`)).toMatchObject({ code: 0 })
    const refused = await there('import', 'in.tar')
    expect(refused).toMatchObject({ code: 2, stdout: '' })
    expect(refused.stderr).toMatch(/^dist: [^\n]*--name\n$/)
    expect((await there('list', '-q')).stdout).toBe('')
    const ended = await there('import', '--name', 'quay.io/a/b', 'in.tar')
    const { digest } = singleImage.descriptor
    expect(ended.stdout).toBe(`quay.io/a/b@${digest} ${digest}\n`)
  })

  it('by skopeo as a docker-archive: config and layers as they were, the same digest each time', async () => {
    const digests = new Set<string>()
    for (const [name, image] of [
      ['single:1', singleImage],
      ['docker:1', dockerTyped],
    ] as const) {
      const copy = `skopeo --insecure-policy copy -q --src-tls-verify=false docker://${ref(name)}`
      expect(await shell(`rm -f in.tar; ${copy} docker-archive:in.tar:quay.io/a/${name}`)).toMatchObject({
        code: 0,
      })
      for (const _ of [1, 2]) {
        const ended = await there('import', '--json', 'in.tar')
        expect(ended.code, ended.stderr).toBe(0)
        const [report] = jsonLines<{ name: string; digest: string }>(ended.stdout)
        expect(report?.name).toBe(`quay.io/a/${name}`)
        digests.add(report?.digest ?? '')
      }
      expect(await rehash(otherStore())).toContain(image.blobs[0]?.descriptor.digest)
    }
    expect(digests.size).toBe(2)
    // What skopeo reads out of the store has the layers' diffIDs.
    const ended = await shell(`skopeo --insecure-policy copy -q oci:other:quay.io/a/docker:1 dir:copy`)
    expect(ended).toMatchObject({ code: 0, stderr: '' })
  })

  it('is unpacked by tar as a layout that other tools read', async () => {
    await dist('export', '-o', 'out.tar', ref('single:1'))
    const ended = await shell(
      `mkdir layout && tar -xf out.tar -C layout && skopeo inspect oci:layout:${ref('single:1')}`,
    )
    expect(JSON.parse(ended.stdout)).toMatchObject({ Digest: singleImage.descriptor.digest })
    for (const { descriptor } of allContent(singleImage)) {
      const hex = descriptor.digest.slice('sha256:'.length)
      const bytes = readFileSync(join(workspace().root, 'layout/blobs/sha256', hex))
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(hex)
    }
  })
})
