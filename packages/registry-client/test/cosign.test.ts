import { digestOf, mediaTypes } from '@dist/oci'
import { faults, type ScriptedRegistry } from '@dist/testkit'
import { expect, test } from 'vitest'
import { client, manifestOf, refTo, scripted } from './support.js'

const subject = { mediaType: mediaTypes.ociManifest, digest: digestOf(manifestOf()), size: 10 }
const others = Array.from({ length: 5 }, (_, i) => digestOf(`other ${i}`))
const tag = (kind: string, digest: string = subject.digest) => `${digest.replace(':', '-')}${kind}`
const lists = { path: '/tags/list' } as const
const manifests = { path: '/manifests/' } as const

function put(registry: ScriptedRegistry, name: string) {
  return registry.content.putManifest(
    'a/b',
    manifestOf({ annotations: { name } }),
    mediaTypes.ociManifest,
    name,
  )
}

/** The tags of cosign that a client finds, and the messages if they are not known. */
async function found(registry: ScriptedRegistry, digests = [subject.digest], from = client()) {
  const unknown: string[] = []
  const onUnknown = ({ message }: Error) => unknown.push(message)
  const tags = await from.cosignTags(refTo(registry, 'a/b'), digests, { onUnknown })
  return { tags: tags.map((each) => each.tag), unknown, descs: tags.map(({ desc }) => desc.digest) }
}

test('one listing serves all images of a repository, and only the tags in it are asked for', async () => {
  const registry = await scripted()
  put(registry, '1')
  const signature = put(registry, tag('.sig'))
  const sbom = put(registry, tag('.sbom', others[0]))
  const registryClient = client()
  expect(await found(registry, [subject.digest], registryClient)).toEqual({
    tags: [tag('.sig')],
    unknown: [],
    descs: [signature.digest],
  })
  expect((await found(registry, others, registryClient)).descs).toEqual([sbom.digest])
  expect(registry.received(lists)).toHaveLength(1)
  expect(registry.received(manifests).map(({ method }) => method)).toEqual(['HEAD', 'HEAD'])
})

test('images that are asked about at the same time share the listing', async () => {
  const registry = await scripted()
  put(registry, tag('.sig'))
  const registryClient = client()
  const all = await Promise.all(
    [subject.digest, ...others].map((digest) => found(registry, [digest], registryClient)),
  )
  expect(all.flatMap(({ tags }) => tags)).toEqual([tag('.sig')])
  expect(registry.received(lists)).toHaveLength(1)
})

test('a listing of tags by the caller serves, too', async () => {
  const registry = await scripted()
  put(registry, tag('.att'))
  const registryClient = client()
  for await (const _ of registryClient.repository(refTo(registry, 'a/b')).tags());
  expect((await found(registry, [subject.digest], registryClient)).tags).toEqual([tag('.att')])
  expect(registry.received(lists)).toHaveLength(1)
})

test.each([401, 403, 404, 405, 500, 501])(
  'R29 where the tags cannot be listed (%i) each tag is asked for',
  async (status) => {
    const registry = await scripted()
    registry.script(lists, faults.status(status))
    put(registry, tag('.sig'))
    const registryClient = client()
    expect(await found(registry, [subject.digest], registryClient)).toMatchObject({
      tags: [tag('.sig')],
      unknown: [],
    })
    expect((await found(registry, [subject.digest], registryClient)).tags).toEqual([tag('.sig')])
    expect(registry.received(lists)).toHaveLength(1)
  },
)

test('a list of more than 20 pages is not read to its end: each tag is asked for', async () => {
  const registry = await scripted({ lists: { pageSize: 1 } })
  for (let i = 0; i < 30; i++) put(registry, `${i}`)
  put(registry, tag('.sig'))
  expect((await found(registry)).tags).toEqual([tag('.sig')])
  expect(registry.received(lists)).toHaveLength(20)
})

test('R29 a listed tag that is refused is unknown; one that is gone is none', async () => {
  const registry = await scripted()
  put(registry, tag('.sig'))
  put(registry, tag('.att'))
  registry.script({ path: tag('.sig') }, faults.status(403))
  registry.script({ path: tag('.att') }, faults.status(404))
  const { tags, unknown } = await found(registry)
  expect(tags).toEqual([])
  expect(unknown).toEqual([expect.stringContaining(tag('.sig'))])
})

test('a tag that is answered with the image itself is none', async () => {
  const registry = await scripted()
  registry.content.putManifest('a/b', manifestOf(), mediaTypes.ociManifest, tag('.sig'))
  expect((await found(registry)).tags).toEqual([])
})

test('only tags whose content has the media types are asked for', async () => {
  const registry = await scripted()
  for (const kind of ['.sig', '.att', '.sbom']) put(registry, tag(kind))
  const find = async (...artifactTypes: string[]) =>
    (await client().cosignTags(refTo(registry, 'a/b'), [subject.digest], { artifactTypes })).map(
      (each) => each.tag,
    )
  expect(await find('application/vnd.dev.cosign.simplesigning.v1+json')).toEqual([tag('.sig')])
  expect(await find('application/vnd.cyclonedx+json', 'application/x')).toEqual([tag('.sbom')])
  registry.requests.length = 0
  expect(await find('application/x')).toEqual([])
  expect(registry.requests).toEqual([])
})

test('without the referrers API the listing shows which lists of referrers exist', async () => {
  const registry = await scripted()
  const referrer = registry.content.putManifest('a/b', manifestOf({ subject }), mediaTypes.ociManifest)
  const list = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [referrer] }
  registry.content.putManifest('a/b', JSON.stringify(list), mediaTypes.ociIndex, tag(''))
  const registryClient = client()
  const locator = refTo(registry, 'a/b')
  for (const digest of [subject.digest, ...others]) await registryClient.referrers(locator, digest)
  expect(registry.received({ path: '/referrers/' })).toHaveLength(1)
  expect(registry.received(lists)).toHaveLength(1)
  expect(registry.received(manifests).map(({ path }) => path)).toEqual([`/v2/a/b/manifests/${tag('')}`])
})

test('a list of referrers that the client has just put is found, although the tags were listed before', async () => {
  const registry = await scripted()
  put(registry, '1')
  const registryClient = client()
  const locator = refTo(registry, 'a/b')
  expect(await registryClient.referrers(locator, subject.digest)).toEqual([])
  const content = Buffer.from(manifestOf({ subject }))
  const desc = { mediaType: mediaTypes.ociManifest, digest: digestOf(content), size: content.byteLength }
  await registryClient.pusher(locator).put(desc, content)
  expect(await registryClient.referrers(locator, subject.digest)).toMatchObject([{ digest: desc.digest }])
})

test('an abort of the caller that lists does not fail the others', async () => {
  const registry = await scripted()
  put(registry, tag('.sig'))
  registry.script(lists, () => new Promise(() => {}), { times: 1 })
  const registryClient = client()
  const locator = refTo(registry, 'a/b')
  const first = new AbortController()
  const failing = registryClient.cosignTags(locator, [subject.digest], { signal: first.signal })
  const other = found(registry, [subject.digest], registryClient)
  await registry.requested(lists)
  first.abort()
  await expect(failing).rejects.toMatchObject({ code: 'CANCELED' })
  expect((await other).tags).toEqual([tag('.sig')])
})
