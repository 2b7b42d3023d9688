import { digestOf, mediaTypes } from '@dist/oci'
import { type Fault, faults, reply, type ScriptedRegistry, startServer } from '@dist/testkit'
import type { FixtureImage } from '@dist/testkit/fixtures'
import { artifactOf, indexImage, singleImage } from '@dist/testkit/fixtures'
import { describe, expect, it } from 'vitest'
import { useLines } from '../support/lines.js'
import { expectWhole, HEAD, holding, registry } from '../support/odd-registry.js'
import { forTest } from '../support/servers.js'
import { jsonLines } from '../support/workspace.js'

const { run } = useLines()
const dist = (...args: string[]) => run(args)

/** A store that serves URLs signed for GET only. */
async function signedForGet(content: Uint8Array | string, type: string): Promise<Fault> {
  const store = await forTest(
    startServer(({ method }) =>
      method === 'GET' ? reply(200, { 'content-type': type }, content) : reply(403),
    ),
  )
  return faults.redirect(`${store.url}/object?signed=for-get`)
}

const statuses = [400, 401, 403, 406, 500, 503]

describe('R29 a registry that refuses HEAD', () => {
  it.each(statuses)('with %i can be read from, repeatedly, and pushed to', async (code) => {
    const source = await holding(indexImage)
    const destination = await registry()
    for (const each of [source, destination]) each.script(HEAD, faults.status(code))
    const name = `${source.host}/app:1`
    for (const said of ['done', 'up to date']) {
      const pulled = await dist('pull', '--all-platforms', name)
      expect(pulled).toMatchObject({ code: 0 })
      expect(pulled.stderr).toContain(`${name}: ${said}`)
    }
    expect(await dist('resolve', name)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(indexImage.descriptor.digest),
    })
    const { descriptor } = singleImage.blobs[0] ?? indexImage
    source.content.putImage('other', '1', singleImage)
    const blob = `${source.host}/other@${descriptor.digest}`
    expect(await dist('resolve', blob)).toMatchObject({ code: 0 })
    for (let i = 0; i < 2; i++) {
      expect(await dist('copy', name, `${destination.host}/copied:t`)).toMatchObject({ code: 0 })
      expect(await dist('push', name, `${destination.host}/pushed:t`)).toMatchObject({ code: 0 })
    }
    expectWhole(destination, 'copied', indexImage)
    expectWhole(destination, 'pushed', indexImage)
    // Existing content is found by GET, and not sent again.
    expect(destination.received({ method: 'PUT', path: /\/copied\/blobs\// }).length).toBeLessThanOrEqual(
      indexImage.children.length * 2,
    )
  })

  it('by redirects to URLs that are signed for GET only can be read from', async () => {
    const source = await holding(singleImage)
    const { content, descriptor } = singleImage
    source.script({ path: '/manifests/' }, await signedForGet(content, descriptor.mediaType))
    const name = `${source.host}/app:1`
    for (const said of ['done', 'up to date']) {
      const pulled = await dist('pull', name)
      expect(pulled).toMatchObject({ code: 0 })
      expect(pulled.stderr).toContain(`${name}: ${said}`)
    }
  })

  it('of blobs only, by such redirects, gets no blob twice', async () => {
    const destination = await holding(singleImage)
    await dist('pull', `${destination.host}/app:1`)
    for (const { descriptor, open } of singleImage.blobs)
      destination.script(
        { path: `/app/blobs/${descriptor.digest}` },
        await signedForGet(Buffer.concat([...open()]), descriptor.mediaType),
      )
    const args = ['push', '--check', `${destination.host}/app:1`, `${destination.host}/app:2`]
    expect(await dist(...args)).toMatchObject({ code: 0 })
    expect(destination.received({ method: 'POST' })).toEqual([])
  })
})

describe('R29 the list of referrers', () => {
  const answers: [string, Fault][] = [
    ...[401, 403, 415, 422, 500, 501, 503].map((code): [string, Fault] => [
      String(code),
      faults.status(code),
    ]),
    ['a redirect to 403', faults.redirect('/denied')],
    ['200 with a page', faults.status(200, { 'content-type': 'text/html' }, '<html>sign in</html>')],
    ['200 with a list that is none', faults.status(200, { 'content-type': mediaTypes.ociIndex }, '{}')],
  ]

  it.each(answers)(
    'is read from the tag when the API answers %s; without a tag this is reported',
    async (_, fault) => {
      const source = await holding(indexImage)
      source.script({ path: '/denied' }, faults.status(403))
      source.script({ path: '/referrers/' }, fault)
      const destination = await registry({ referrers: 100 })
      const name = `${source.host}/app:1`
      const there = `${destination.host}/copied:t`
      const copied = await dist('copy', '--json', name, there)
      expect(copied).toMatchObject({ code: 0 })
      const [remark] = jsonLines<{ remarks: string[] }>(copied.stdout)[0]?.remarks ?? []
      expect(remark).toMatch(/what refers to it .* is not known/)
      expect(remark).toContain(source.host)
      expect(copied.stderr).toContain(`${there}: ${remark}`)
      expectWhole(destination, 'copied', indexImage)
      const signature = artifactOf(indexImage, 'signature')
      source.content.putImage('app', signature.descriptor.digest, signature)
      const list = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [signature.descriptor] }
      for (const { digest } of [
        indexImage.descriptor,
        ...indexImage.children.map((child) => child.descriptor),
      ]) {
        const manifests = digest === indexImage.descriptor.digest ? list.manifests : []
        const content = JSON.stringify({ ...list, manifests })
        source.content.putManifest('app', content, mediaTypes.ociIndex, digest.replace(':', '-'))
      }
      const again = await dist('copy', '--json', name, there)
      expect(again).toMatchObject({ code: 0 })
      expect(again.stdout).not.toContain('remarks')
      const { digest } = signature.descriptor
      expect(destination.content.find('copied', 'manifests', digest)?.digest).toBe(digest)
    },
  )

  it('is empty when the tag is the image itself (R30), and a new list replaces it', async () => {
    for (const image of [singleImage, indexImage]) {
      const [source, destination] = [await holding(image), await registry()]
      const { digest, mediaType } = image.descriptor
      const answersItself = ({ content }: ScriptedRegistry) =>
        content.putManifest('app', image.content, mediaType, digest.replace(':', '-'))
      for (const each of [source, destination]) answersItself(each)
      const there = `${destination.host}/app:t`
      const copied = await dist('copy', '--json', `${source.host}/app:1`, there)
      expect(copied).toMatchObject({ code: 0 })
      expect(copied.stdout).not.toContain('remarks')
      const signature = artifactOf(image, 'signature')
      const signed = await holding(image, { referrers: 100 })
      signed.content.putImage('app', signature.descriptor.digest, signature)
      expect(await dist('copy', `${signed.host}/app:1`, there)).toMatchObject({ code: 0 })
      const list = destination.content.find('app', 'manifests', digest.replace(':', '-'))
      expect(Buffer.from(list?.content ?? '').toString()).toContain(signature.descriptor.digest)
    }
  })

  it('is not copied when the destination does not support it, and this is reported', async () => {
    const source = await holding(singleImage, { referrers: 100 })
    const signature = artifactOf(singleImage, 'signature')
    const { digest } = signature.descriptor
    source.content.putImage('app', digest, signature)
    const destination = await registry()
    destination.script({ method: 'PUT', path: `/manifests/${digest}` }, faults.status(405))
    const copied = await dist('copy', '--json', `${source.host}/app:1`, `${destination.host}/copied:t`)
    expect(copied).toMatchObject({ code: 0 })
    expect(jsonLines(copied.stdout)).toMatchObject([
      {
        remarks: [expect.stringMatching(/what refers to it .* is not supported.*accepts no pushes \(405\)/)],
      },
    ])
    expectWhole(destination, 'copied', singleImage)
  })

  it('is in the report of a mirror', async () => {
    const source = await holding(singleImage)
    source.script({ path: '/referrers/' }, faults.status(403))
    const destination = await registry()
    const args = ['mirror', '--json', '--to', `${destination.host}/m`, `${source.host}/app:1`]
    const ended = await dist(...args)
    expect(ended).toMatchObject({ code: 0 })
    expect(jsonLines(ended.stdout)[0]).toMatchObject({
      state: 'done',
      remarks: [expect.stringContaining('denies access (403)')],
    })
    expect(ended.stderr).toContain(`${source.host}/app:1: what refers to it`)
  })
})

describe('an index whose platforms or media types are spelled oddly', () => {
  const children = indexImage.children.map(({ descriptor }) => descriptor)

  function oddIndex(...changes: object[]): FixtureImage {
    const manifests = children.map((child, i) => ({ ...child, ...changes[i] }))
    const content = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }),
    )
    const descriptor = { ...indexImage.descriptor, digest: digestOf(content), size: content.byteLength }
    return { ...indexImage, descriptor, content }
  }

  it.each<[string, object, object]>([
    ['without any', { platform: {} }, { platform: {} }],
    ['halves', { platform: { os: 'linux' } }, { platform: { architecture: 'arm64' } }],
    [
      'with blanks',
      { platform: { os: ' linux', architecture: 'amd64 ' } },
      { platform: { os: 'linux\n', architecture: 'arm64' } },
    ],
    [
      'in capitals',
      { platform: { os: 'Linux', architecture: 'AMD64' } },
      { platform: { os: 'LINUX', architecture: 'Arm64' } },
    ],
    ['of other types', { platform: 'linux/amd64' }, { platform: [1] }],
    [
      'media types',
      { mediaType: ` ${mediaTypes.ociManifest.toUpperCase()}` },
      { mediaType: `${mediaTypes.ociManifest}; charset=utf-8` },
    ],
  ])('(%s) is pulled, copied and pushed unchanged, and its platforms are found', async (_, first, second) => {
    const index = oddIndex(first, second)
    const source = await holding(index)
    const name = `${source.host}/app:1`
    const { digest } = index.descriptor
    for (const args of [['--platform', 'linux/arm64'], [], ['--all-platforms']])
      expect(await dist('pull', ...args, name)).toMatchObject({ code: 0, stdout: `${name} ${digest}\n` })
    const destination = await registry({ strict: true })
    expect(await dist('copy', name, `${destination.host}/copied:t`)).toMatchObject({ code: 0 })
    expect(await dist('push', name, `${destination.host}/pushed:t`)).toMatchObject({ code: 0 })
    for (const repository of ['copied', 'pushed']) expectWhole(destination, repository, index)
    const alone = await dist('copy', '--platform', 'linux/arm64', name, `${destination.host}/alone:t`)
    expect(alone).toMatchObject({ code: 0, stdout: expect.stringContaining(children[1]?.digest ?? '') })
    expect(await dist('verify', name)).toMatchObject({ code: 0 })
  })
})
