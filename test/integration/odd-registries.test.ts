import { digestOf, mediaTypes } from '@dist/oci'
import { type Fault, faults, reply, type ScriptedRegistry, startRegistry, startServer } from '@dist/testkit'
import { allContent, type FixtureImage, ociImage, seededLayer } from '@dist/testkit/fixtures'
import { describe, expect, it, onTestFinished } from 'vitest'
import { artifactOf } from './push-support.js'
import { indexImage, singleImage } from './support/images.js'
import { startServices, useRedis } from './support/queue.js'
import { jsonLines, useWorkspace } from './support/workspace.js'

const workspace = useWorkspace()
const dist = (...args: string[]) => workspace().dist(args)

async function registry(options: Parameters<typeof startRegistry>[0] = {}): Promise<ScriptedRegistry> {
  const started = await startRegistry(options)
  onTestFinished(() => started[Symbol.asyncDispose]())
  return started
}

/** A registry with an image as `app:1`. */
async function holding(
  image: FixtureImage,
  options: Parameters<typeof startRegistry>[0] = {},
): Promise<ScriptedRegistry> {
  const started = await registry(options)
  started.content.putImage('app', '1', image)
  return started
}

function expectWhole(at: ScriptedRegistry, repository: string, image: FixtureImage): void {
  const { digest } = image.descriptor
  expect(at.content.find(repository, 'manifests', 't')?.digest).toBe(digest)
  for (const { descriptor } of allContent(image)) {
    const kind = /manifest|index/.test(descriptor.mediaType) ? 'manifests' : 'blobs'
    expect(at.content.find(repository, kind, descriptor.digest)?.digest).toBe(descriptor.digest)
  }
}

/** A store that serves what was signed for GET, and nothing else. */
async function signedForGet(content: Uint8Array | string, type: string): Promise<Fault> {
  const store = await startServer(({ method }) =>
    method === 'GET' ? reply(200, { 'content-type': type }, content) : reply(403),
  )
  onTestFinished(() => store[Symbol.asyncDispose]())
  return faults.redirect(`${store.url}/object?signed=for-get`)
}

const HEAD = { method: 'HEAD' } as const
const statuses = [400, 401, 403, 406, 500, 503]

describe('R29 a registry that refuses HEAD', () => {
  it.each(statuses)('with %i is read from, again and again, and pushed to', async (code) => {
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
    // What is there is found by GET, and not sent again.
    expect(destination.received({ method: 'PUT', path: /\/copied\/blobs\// }).length).toBeLessThanOrEqual(
      indexImage.children.length * 2,
    )
  })

  it('by redirects to URLs that are signed for GET alone is read from', async () => {
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

  it('of blobs alone, by such redirects, gets no blob twice', async () => {
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

describe('R29 what refers to an image', () => {
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
    'is read by the tag where the API answers %s; without a tag that is said',
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

  it('is nothing where the tag answers the image itself (R30), and the list is made there', async () => {
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

  it('is left behind where the destination does not support it, and that is said', async () => {
    const source = await holding(singleImage, { referrers: 100 })
    const signature = artifactOf(singleImage, 'signature')
    const { digest } = signature.descriptor
    source.content.putImage('app', digest, signature)
    const destination = await registry()
    destination.script({ method: 'PUT', path: `/manifests/${digest}` }, faults.status(405))
    const copied = await dist('copy', '--json', `${source.host}/app:1`, `${destination.host}/copied:t`)
    expect(copied).toMatchObject({ code: 0 })
    expect(jsonLines(copied.stdout)).toMatchObject([
      { remarks: [expect.stringMatching(/what refers to it .* is not supported.*takes no pushes \(405\)/)] },
    ])
    expectWhole(destination, 'copied', singleImage)
  })

  it('is told of in the report of a mirror', async () => {
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
  ])('(%s) is pulled, copied and pushed as it is, and its platforms are found', async (_, first, second) => {
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

describe('R29 a mount', () => {
  const shared = ociImage({ layers: [seededLayer('shared', 20_000)] })

  it.each([
    ...[200, 201, 204, 400, 401, 403, 404, 405, 413, 500, 503].map((code): [string, Fault] => [
      String(code),
      faults.status(code, {}, ''),
    ]),
    ['a redirect', faults.redirect('/elsewhere', 302)],
    ['a closed connection', faults.closed()],
  ] as [string, Fault][])('that is answered %s is followed by an upload', async (_, fault) => {
    const at = await registry({ mounts: false, strict: true })
    at.content.putImage('app', '1', shared)
    at.script({ method: 'POST' }, async (request, proper) =>
      request.query.has('mount') ? fault(request, proper) : proper(),
    )
    const copied = await dist('copy', `${at.host}/app:1`, `${at.host}/copied:t`)
    expect(copied).toMatchObject({ code: 0 })
    expectWhole(at, 'copied', shared)
  })
})

describe('R33 a registry that lacks blobs which it says to have', () => {
  const image = ociImage({ layers: [seededLayer('first', 20_000), seededLayer('large', 5_000_000)] })
  const layers = image.blobs.map(({ descriptor }) => descriptor)
  const sent = (at: ScriptedRegistry) =>
    at.received({ method: 'PUT', path: '/blobs/uploads/' }).map(({ query }) => query.get('digest'))

  /** Its index of blobs tells of more than its storage has. */
  async function lossy(lost = layers): Promise<ScriptedRegistry> {
    const at = await registry({ strict: true })
    for (const { digest, size } of lost)
      at.script({ ...HEAD, path: digest }, () => reply(200, { 'content-length': size }))
    return at
  }

  it('gets them from dist push, dist copy and dist mirror --to, each once', async () => {
    const source = await holding(image)
    const name = `${source.host}/app:1`
    await dist('pull', name)
    for (const command of ['push', 'copy']) {
      const at = await lossy()
      expect(await dist(command, name, `${at.host}/there:t`)).toMatchObject({ code: 0 })
      expectWhole(at, 'there', image)
      expect(sent(at).sort()).toEqual(layers.map(({ digest }) => digest).sort())
    }
    const at = await lossy()
    expect(await dist('mirror', '--to', `${at.host}/m`, name)).toMatchObject({ code: 0 })
    expect(at.content.find('m/app', 'manifests', '1')?.digest).toBe(image.descriptor.digest)
    expect(sent(at).sort()).toEqual(layers.map(({ digest }) => digest).sort())
  })

  it('gets only those that it names', async () => {
    const source = await holding(image)
    const at = await lossy(layers.slice(1, 2))
    expect(await dist('copy', `${source.host}/app:1`, `${at.host}/there:t`)).toMatchObject({ code: 0 })
    expect(sent(at).sort()).toEqual(layers.map(({ digest }) => digest).sort())
  })

  it('is told of with the blobs that it lacks still, and nothing is tagged', async () => {
    const source = await holding(image)
    const at = await lossy()
    const lost = layers[1]?.digest ?? ''
    const errors = [{ code: 'MANIFEST_BLOB_UNKNOWN', message: 'blob unknown to registry', detail: lost }]
    at.script({ method: 'PUT', path: '/manifests/' }, faults.status(400, {}, JSON.stringify({ errors })))
    const ended = await dist('copy', `${source.host}/app:1`, `${at.host}/there:t`)
    expect(ended).toMatchObject({ code: 1, stdout: '' })
    expect(ended.stderr).toContain(
      `(MANIFEST_BLOB_UNKNOWN: blob unknown to registry); it lacks ${lost}, although it was sent twice`,
    )
    expect(ended.stderr.split(lost)).toHaveLength(2)
    expect(sent(at)).toEqual([lost])
    expect(at.content.find('there', 'manifests', 't')).toBeUndefined()
  })
})

describe('by a queue', () => {
  const redis = useRedis()

  it('R29 a registry that one may push to and not look into gets images all the same', async () => {
    const source = await holding(indexImage)
    const destination = await registry({ strict: true })
    for (const method of ['HEAD', 'GET']) destination.script({ method }, faults.status(403))
    await startServices(workspace(), redis().url)
    const args = ['mirror', '--to', `${destination.host}/m`, `${source.host}/app:1`]
    const env = { DIST_QUEUE: redis().url }
    expect(await workspace().dist(args, { env })).toMatchObject({ code: 0 })
    expect(destination.content.find('m/app', 'manifests', '1')?.digest).toBe(indexImage.descriptor.digest)
    expect(await dist(...args)).toMatchObject({ code: 0 })
  })

  it('R33 blobs that a registry lacks, whatever it says, are sent to it once more', async () => {
    const source = await holding(indexImage)
    const destination = await registry({ strict: true })
    const { descriptor } = indexImage.children[0]?.blobs[1] ?? singleImage
    destination.script({ ...HEAD, path: descriptor.digest }, () =>
      reply(200, { 'content-length': descriptor.size }),
    )
    await startServices(workspace(), redis().url)
    const args = ['mirror', '--json', '--to', `${destination.host}/m`, `${source.host}/app:1`]
    const ended = await workspace().dist(args, { env: { DIST_QUEUE: redis().url } })
    expect(ended).toMatchObject({ code: 0 })
    expect(destination.content.find('m/app', 'manifests', '1')?.digest).toBe(indexImage.descriptor.digest)
    expect(destination.content.find('m/app', 'blobs', descriptor.digest)).toBeDefined()
  })

  it('R29 registries that refuse all that is optional get their images all the same', async () => {
    const source = await holding(indexImage)
    const destination = await registry()
    source.script({ path: '/referrers/' }, faults.status(503))
    for (const each of [source, destination]) each.script(HEAD, faults.status(403))
    await startServices(workspace(), redis().url)
    const env = { DIST_QUEUE: redis().url }
    const args = ['mirror', '--json', '--to', `${destination.host}/m`, `${source.host}/app:1`]
    const ended = await workspace().dist(args, { env })
    expect(ended).toMatchObject({ code: 0 })
    expect(jsonLines(ended.stdout)[0]).toMatchObject({
      state: 'done',
      remarks: [expect.stringContaining('failed (503)')],
    })
    for (const { descriptor } of indexImage.children)
      expect(destination.content.find('m/app', 'manifests', descriptor.digest)).toBeDefined()
    expect(destination.content.find('m/app', 'manifests', '1')?.digest).toBe(indexImage.descriptor.digest)
  })
})
