import { digestOf, mediaTypes, parseDigest } from '@dist/oci'
import { faults, reply, type ScriptedRegistry } from '@dist/testkit'
import { expect, test } from 'vitest'
import { client, manifestOf, refTo, scripted } from './support.js'

const subject = { mediaType: mediaTypes.ociManifest, digest: digestOf(manifestOf()), size: 10 }
const tag = subject.digest.replace(':', '-')
const api = { path: '/referrers/' } as const

/** Puts so many manifests in that refer to the subject. */
function putReferring(registry: ScriptedRegistry, count: number) {
  return Array.from({ length: count }, (_, i) =>
    registry.content.putManifest(
      'a/b',
      manifestOf({ subject, annotations: { i: `${i}` } }),
      mediaTypes.ociManifest,
    ),
  )
}

function putList(registry: ScriptedRegistry, manifests: readonly object[]) {
  const list = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }
  registry.content.putManifest('a/b', JSON.stringify(list), mediaTypes.ociIndex, tag)
}

const found = async (registry: ScriptedRegistry, from = client()) =>
  (await from.referrers(refTo(registry, 'a/b'), subject.digest)).map(({ digest }) => digest)

test('all pages of a list are read, each entry once', async () => {
  const registry = await scripted({ referrers: 3 })
  const put = putReferring(registry, 10)
  expect(await found(registry)).toEqual(put.map(({ digest }) => digest))
  expect(registry.received(api)).toHaveLength(4)
})

test('nothing found is an empty list, also where there is no repository', async () => {
  expect(await found(await scripted({ referrers: 3 }))).toEqual([])
  expect(await found(await scripted())).toEqual([])
})

test.each([
  ['404', faults.status(404, {}, '404 page not found')],
  ['400', faults.status(400)],
  ['405', faults.status(405)],
  ['406', faults.status(406)],
  ['something else', faults.status(200, { 'content-type': 'text/html' }, '<html>')],
])('a registry that answers %s is read by the tag, and not asked again', async (_what, fault) => {
  const registry = await scripted()
  registry.script(api, fault)
  const [desc] = putReferring(registry, 1)
  putList(registry, [desc ?? {}, desc ?? {}])
  const registryClient = client()
  for (let i = 0; i < 2; i++) expect(await found(registry, registryClient)).toEqual([desc?.digest])
  expect(registry.received(api)).toHaveLength(1)
})

test('a repository that is not there says nothing about the registry', async () => {
  const registry = await scripted({ referrers: 10 })
  registry.script(api, faults.status(404, {}, '{"errors":[{"code":"NAME_UNKNOWN"}]}'), { times: 1 })
  const registryClient = client()
  expect(await found(registry, registryClient)).toEqual([])
  const put = putReferring(registry, 1)
  expect(await found(registry, registryClient)).toEqual(put.map(({ digest }) => digest))
})

test('R25 a next page at another host is refused', async () => {
  const elsewhere = await scripted()
  const registry = await scripted({ referrers: 10 })
  const link = `<${elsewhere.url}/v2/a/b/referrers/x>; rel="next"`
  registry.script(api, faults.withHeaders({ link }))
  await expect(found(registry)).rejects.toMatchObject({ code: 'MALFORMED' })
  expect(elsewhere.requests).toEqual([])
})

test('a list that never ends is an error', async () => {
  const registry = await scripted()
  let page = 0
  registry.script(api, ({ path }) => {
    const manifests = Array.from({ length: 50 }, (_, i) => ({ ...subject, digest: digestOf(`${page} ${i}`) }))
    const document = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests })
    return reply(
      200,
      { 'content-type': mediaTypes.ociIndex, link: `<${path}?page=${++page}>; rel="next"` },
      document,
    )
  })
  await expect(found(registry)).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' })
})

test.each([
  ['is not JSON', '{'],
  ['is no index', manifestOf()],
  ['has a digest that is none', { ...subject, digest: 'sha256:../../x' }],
  ['has a size of -1', { ...subject, size: -1 }],
])('R17 R18 a list that %s is MALFORMED', async (_what, entry) => {
  const registry = await scripted()
  const document =
    typeof entry === 'string'
      ? entry
      : JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [entry] })
  registry.script(api, faults.status(200, { 'content-type': mediaTypes.ociIndex }, document))
  await expect(found(registry)).rejects.toMatchObject({ code: 'MALFORMED' })
})

test('R23 a registry that fails for a moment is asked again; one that keeps failing is an error, not an empty list', async () => {
  const registry = await scripted({ referrers: 10 })
  const put = putReferring(registry, 1)
  registry.script(api, faults.status(503), { times: 1 })
  expect(await found(registry)).toEqual(put.map(({ digest }) => digest))
  registry.script(api, faults.status(503))
  await expect(found(registry)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
})

test('the tag of a sha512 digest is cut to what the specification says', async () => {
  const registry = await scripted()
  const digest = parseDigest(`sha512:${'a'.repeat(128)}`)
  await client().referrers(refTo(registry, 'a/b'), digest)
  expect(registry.requests.at(-1)?.path).toBe(`/v2/a/b/manifests/sha512-${'a'.repeat(64)}`)
})
