import { digestOf, mediaTypes, parseDigest } from '@dist/oci'
import { type Fault, faults, reply, type ScriptedRegistry } from '@dist/testkit'
import { expect, onTestFinished, test, vi } from 'vitest'
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

const found = async (registry: ScriptedRegistry, from = client()) => (await looked(registry, from)).digests

/** The referrers, and the messages if they are unknown. */
async function looked(registry: ScriptedRegistry, from = client()) {
  const unknown: string[] = []
  const onUnknown = ({ message }: Error) => unknown.push(message)
  const descs = await from.referrers(refTo(registry, 'a/b'), subject.digest, { onUnknown })
  return { digests: descs.map(({ digest }) => digest), unknown }
}

test('all pages of a list are read, each entry once', async () => {
  const registry = await scripted({ referrers: 3 })
  const put = putReferring(registry, 10)
  expect(await found(registry)).toEqual(put.map(({ digest }) => digest))
  expect(registry.received(api)).toHaveLength(4)
})

test('no referrers are an empty list, also without a repository', async () => {
  expect(await found(await scripted({ referrers: 3 }))).toEqual([])
  expect(await found(await scripted())).toEqual([])
})

test.each([
  ['404', faults.status(404, {}, '404 page not found')],
  ['400', faults.status(400)],
  ['405', faults.status(405)],
  ['406', faults.status(406)],
  ['415', faults.status(415)],
  ['something else', faults.status(200, { 'content-type': 'text/html' }, '<html>')],
])('after an answer of %s the tag is read, and the API is not requested again', async (_what, fault) => {
  const registry = await scripted()
  registry.script(api, fault)
  const [desc] = putReferring(registry, 1)
  putList(registry, [desc ?? {}, desc ?? {}])
  const registryClient = client()
  for (let i = 0; i < 2; i++) expect(await found(registry, registryClient)).toEqual([desc?.digest])
  expect(registry.received(api)).toHaveLength(1)
})

test('a missing repository is no evidence about the registry', async () => {
  const registry = await scripted({ referrers: 10 })
  registry.script(api, faults.status(404, {}, '{"errors":[{"code":"NAME_UNKNOWN"}]}'), { times: 1 })
  const registryClient = client()
  expect(await found(registry, registryClient)).toEqual([])
  const put = putReferring(registry, 1)
  expect(await found(registry, registryClient)).toEqual(put.map(({ digest }) => digest))
})

test('R25 a next page at another host is not requested: the referrers are unknown', async () => {
  const elsewhere = await scripted()
  const registry = await scripted({ referrers: 10 })
  const link = `<${elsewhere.url}/v2/a/b/referrers/x>; rel="next"`
  registry.script(api, faults.withHeaders({ link }))
  const { digests, unknown } = await looked(registry)
  expect(digests).toEqual([])
  expect(unknown).toEqual([
    expect.stringContaining(`next page at another host refused (${registry.host}): ${elsewhere.url}/`),
  ])
  expect(elsewhere.requests).toEqual([])
})

test('an endless list is ended', async () => {
  const registry = await scripted()
  let page = 0
  registry.script(api, ({ path }) => {
    const manifests = Array.from({ length: 1000 }, (_, i) => ({
      ...subject,
      digest: digestOf(`${page} ${i}`),
    }))
    const document = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests })
    return reply(
      200,
      { 'content-type': mediaTypes.ociIndex, link: `<${path}?page=${++page}>; rel="next"` },
      document,
    )
  })
  expect(await looked(registry)).toEqual({
    digests: [],
    unknown: [expect.stringContaining('more than 10000')],
  })
})

const refusals: [what: string, fault: Fault][] = [
  ['401 without a challenge', faults.status(401)],
  ['403', faults.status(403)],
  ['415', faults.status(415)],
  ['422', faults.status(422)],
  ['500', faults.status(500)],
  ['501', faults.status(501)],
  ['503', faults.status(503)],
  ['503 for a while', faults.status(503, { 'retry-after': '600' })],
  ['a redirect to 403', faults.redirect('/signed/elsewhere')],
  ['a redirect to nowhere', faults.redirect('ftp://x')],
  ['a closed connection', faults.closed()],
  ['200 with a page', faults.status(200, { 'content-type': 'text/html' }, '<html>')],
  ['200 with something else in JSON', faults.status(200, { 'content-type': 'application/json' }, '{}')],
  ['a list that is not JSON', listOf('{')],
  ['a list that is no index', listOf(manifestOf())],
  ['a list of a digest that is none', listOf({ ...subject, digest: 'sha256:../../x' })],
  ['a list of a size of -1', listOf({ ...subject, size: -1 })],
]

function listOf(entry: string | object): Fault {
  const document =
    typeof entry === 'string'
      ? entry
      : JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [entry] })
  return faults.status(200, { 'content-type': mediaTypes.ociIndex }, document)
}

test.each(refusals)(
  'R29 %s: the tag is read; without one there are none, and that is said',
  async (_what, fault) => {
    const registry = await scripted()
    registry.script({ path: '/signed/' }, faults.status(403))
    registry.script(api, fault)
    const { digests, unknown } = await looked(registry)
    expect(digests).toEqual([])
    expect(unknown).toEqual([expect.stringContaining(registry.host)])
    const [desc] = putReferring(registry, 1)
    putList(registry, [desc ?? {}])
    expect(await looked(registry)).toEqual({ digests: [desc?.digest], unknown: [] })
  },
)

test.each([401, 403, 500, 503])('R29 a tag that is also answered with %i is unknown', async (code) => {
  const registry = await scripted()
  registry.script({ path: tag }, faults.status(code))
  const { digests, unknown } = await looked(registry)
  expect(digests).toEqual([])
  expect(unknown).toEqual([expect.stringContaining(code === 401 ? 'requires a login' : `(${code})`)])
})

test.each([
  ['the image’s own manifest', manifestOf(), mediaTypes.ociManifest],
  ['another manifest', manifestOf({ annotations: { a: 'b' } }), mediaTypes.ociManifest],
  ['a page', '<html>', 'text/html'],
  ['a manifest of schema 1', '{"schemaVersion":1,"fsLayers":[]}', mediaTypes.dockerSchema1],
  ['an index that is none', '{"schemaVersion":2}', mediaTypes.ociIndex],
])('R30 a tag that answers %s lists nothing', async (_what, content, mediaType) => {
  const registry = await scripted()
  registry.content.putManifest('a/b', content, mediaType, tag)
  expect(await looked(registry)).toEqual({ digests: [], unknown: [] })
})

test('R30 a tag that answers the index that it is about lists nothing', async () => {
  const registry = await scripted()
  const [child] = putReferring(registry, 1)
  const index = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [child] })
  const { digest } = registry.content.putManifest('a/b', index, mediaTypes.ociIndex, '1')
  registry.content.putManifest('a/b', index, mediaTypes.ociIndex, digest.replace(':', '-'))
  expect(await client().referrers(refTo(registry, 'a/b'), digest)).toEqual([])
})

test('the API is requested again after a temporary failure', async () => {
  const registry = await scripted({ referrers: 10 })
  const put = putReferring(registry, 1)
  registry.script(api, faults.status(503), { times: 1 })
  expect(await looked(registry)).toEqual({ digests: put.map(({ digest }) => digest), unknown: [] })
})

test('a further page is requested again after a temporary failure', async () => {
  const registry = await scripted({ referrers: 3 })
  const put = putReferring(registry, 5)
  registry.script(api, faults.status(503), { after: 1, times: 2 })
  expect(await looked(registry)).toEqual({ digests: put.map(({ digest }) => digest), unknown: [] })
})

test('an API that refuses all requests is not requested again, one that refuses a repository only for others; each time it is reported', async () => {
  for (const [code, asked] of [
    [501, 1],
    [403, 2],
  ]) {
    const registry = await scripted()
    registry.script(api, faults.status(code ?? 0))
    const registryClient = client()
    for (const repository of ['a/b', 'a/b', 'c/d']) {
      const unknown: string[] = []
      const onUnknown = ({ message }: Error) => unknown.push(message)
      await registryClient.referrers(refTo(registry, repository), subject.digest, { onUnknown })
      expect(unknown).toHaveLength(1)
    }
    expect(registry.received(api)).toHaveLength(asked ?? 0)
  }
})

test('an API that refused is requested again after a while: rights are granted, and registries repaired', async () => {
  const registry = await scripted({ referrers: 10 })
  const put = putReferring(registry, 1)
  registry.script(api, faults.status(403), { times: 1 })
  const registryClient = client()
  expect(await found(registry, registryClient)).toEqual([])
  const now = performance.now()
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now + 11 * 60_000)
  onTestFinished(() => clock.mockRestore())
  expect(await found(registry, registryClient)).toEqual(put.map(({ digest }) => digest))
})

test('an unreachable host is an error: the image is unknown as well', async () => {
  const registry = await scripted()
  const ref = refTo(registry, 'a/b')
  await registry[Symbol.asyncDispose]()
  await expect(client().referrers(ref, subject.digest)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
})

test('R23 a 429 is an error of the host, not a missing list', async () => {
  const registry = await scripted({ referrers: 10 })
  putReferring(registry, 1)
  registry.script(api, faults.status(429))
  await expect(looked(registry)).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED', retryable: true })
  expect(registry.requests).toHaveLength(1)
})

test('the tag of a sha512 digest is cut as in the specification', async () => {
  const registry = await scripted()
  const digest = parseDigest(`sha512:${'a'.repeat(128)}`)
  await client().referrers(refTo(registry, 'a/b'), digest)
  expect(registry.requests.at(-1)?.path).toBe(`/v2/a/b/manifests/sha512-${'a'.repeat(64)}`)
})

test.each([
  ['filters', true],
  ['does not filter', false],
])('a registry that %s: only referrers of the artifact types are found', async (_what, filters) => {
  const registry = await scripted({ referrers: 10 })
  if (!filters)
    registry.script(api, (request, proper) => proper({ ...request, query: new URLSearchParams() }))
  const [signature, sbom] = ['application/a+json', 'application/b'].map((artifactType) =>
    registry.content.putManifest('a/b', manifestOf({ subject, artifactType }), mediaTypes.ociManifest),
  )
  putReferring(registry, 1)
  const find = async (artifactTypes: readonly string[]) =>
    (await client().referrers(refTo(registry, 'a/b'), subject.digest, { artifactTypes })).map(
      ({ digest }) => digest,
    )
  expect(await find(['application/a+json'])).toEqual([signature?.digest])
  expect(registry.received(api)[0]?.url).toMatch(/\?artifactType=application%2Fa%2Bjson$/)
  expect(await find(['application/b', 'application/a+json'])).toEqual([signature?.digest, sbom?.digest])
  expect(registry.received(api)[1]?.url).not.toContain('?')
  expect(await find(['application/c'])).toEqual([])
})

test('the list under a tag is filtered by artifact type', async () => {
  const registry = await scripted()
  const [desc] = putReferring(registry, 1)
  putList(registry, [{ ...desc, artifactType: 'application/a' }])
  const locator = refTo(registry, 'a/b')
  const find = (type: string) => client().referrers(locator, subject.digest, { artifactTypes: [type] })
  expect(await find('application/a')).toMatchObject([{ digest: desc?.digest }])
  expect(await find('application/b')).toEqual([])
})
