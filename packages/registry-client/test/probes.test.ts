import { digestOf } from '@dist/oci'
import { type Fault, faults, reply, type ScriptedRegistry, startServer } from '@dist/testkit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { held, push, pusherTo, sample } from './push-support.js'
import { client, putManifest, refTo, scripted, seededBlob } from './support.js'

const HEAD = { method: 'HEAD' } as const
/** Without the question for a challenge that a 401 lacks. */
const methods = ({ requests }: ScriptedRegistry) =>
  requests.filter(({ path }) => path !== '/v2/').map(({ method }) => method)

/** Answers of registries and proxies to unexpected requests. */
const refusals: [what: string, fault: Fault][] = [
  ...[400, 401, 403, 404, 405, 406, 410, 415, 418, 422, 500, 501, 502, 503, 504].map(
    (code): [string, Fault] => [String(code), faults.status(code)],
  ),
  ['503 for a while', faults.status(503, { 'retry-after': '600' })],
  ['a redirect without a place', faults.status(307)],
  ['a closed connection', faults.closed()],
  ['200 and nothing else', faults.status(200, {}, '')],
]

/** A redirect of every request to a URL that is signed for GET alone. */
async function redirectsToSigned(registry: ScriptedRegistry, content: Uint8Array | string, type: string) {
  const store = await startServer(({ method }) =>
    method === 'GET' ? reply(200, { 'content-type': type }, content) : reply(403),
  )
  onTestFinished(() => store[Symbol.asyncDispose]())
  registry.script({}, faults.redirect(`${store.url}/signed?for=get`))
}

describe('R29 a manifest is looked for', () => {
  test.each(refusals)('by GET if HEAD is answered with %s', async (_what, fault) => {
    const registry = await scripted()
    const desc = putManifest(registry)
    registry.script(HEAD, fault)
    for (const name of ['a/b:1', `a/b@${desc.digest}`])
      expect((await client().resolve(refTo(registry, name))).desc).toEqual(desc)
    expect(methods(registry)).toEqual(['HEAD', 'GET', 'HEAD', 'GET'])
  })

  test('by GET if HEAD is refused after the login', async () => {
    const registry = await scripted({ auth: {} })
    const desc = putManifest(registry)
    const challenge = `Bearer realm="${registry.url}/token",service="scripted"`
    registry.script(HEAD, faults.status(401, { 'www-authenticate': challenge }))
    expect((await client().resolve(refTo(registry, 'a/b:1'))).desc).toEqual(desc)
  })

  test('by GET if HEAD is redirected to a URL that is signed for GET', async () => {
    const registry = await scripted()
    const { desc, content } = await manifestElsewhere(registry)
    await redirectsToSigned(registry, content, desc.mediaType)
    expect((await client().resolve(refTo(registry, 'a/b:1'))).desc).toEqual(desc)
  })

  test('by GET if HEAD announces another digest than the requested one', async () => {
    const registry = await scripted()
    const desc = putManifest(registry)
    registry.script(HEAD, faults.withHeaders({ 'docker-content-digest': digestOf('else') }))
    expect((await client().resolve(refTo(registry, `a/b@${desc.digest}`))).desc).toEqual(desc)
  })

  test.each(['0', '99999999', '-1'])('by GET if HEAD announces a size of %s', async (size) => {
    const registry = await scripted()
    const desc = putManifest(registry)
    registry.script(HEAD, faults.withHeaders({ 'content-length': size }))
    expect((await client().resolve(refTo(registry, 'a/b:1'))).desc).toEqual(desc)
    expect(await pusherTo(registry).resolve('1')).toMatchObject({ digest: desc.digest })
  })

  test('no longer than until its login fails', async () => {
    const registry = await scripted({ auth: { username: 'me', password: 'right' } })
    putManifest(registry)
    const credentials = async () => ({ kind: 'password', username: 'me', password: 'wrong' }) as const
    const resolving = client({ credentials }).resolve(refTo(registry, 'a/b:1'))
    await expect(resolving).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    expect(registry.received({ path: '/token' })).toHaveLength(1)
  })
})

test('R23 a HEAD answered with 429 pauses the host, and no GET follows', async () => {
  const registry = await scripted()
  const desc = putManifest(registry)
  registry.script(HEAD, faults.status(429))
  for (const name of ['a/b:1', `a/b@${desc.digest}`])
    await expect(client().resolve(refTo(registry, name))).rejects.toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
    })
  expect(methods(registry)).toEqual(['HEAD', 'HEAD'])
})

test.each([400, 403, 406, 415, 500, 501])(
  'R29 the size of a blob is told by GET where HEAD, and the manifest path, are answered %i',
  async (code) => {
    const registry = await scripted()
    const { desc } = seededBlob(registry, 1000)
    registry.script(HEAD, faults.status(code))
    registry.script({ path: '/manifests/' }, faults.status(code))
    expect((await client().resolve(refTo(registry, `a/b@${desc.digest}`))).desc).toEqual(desc)
    const fetched = await client().fetcher(refTo(registry, 'a/b')).fetchObject(desc.digest)
    expect(fetched).toMatchObject({ digest: desc.digest, size: 1000 })
    for await (const _chunk of fetched.body);
  },
)

test.each([400, 403, 405, 406, 412, 416, 501])(
  'R29 a transfer that goes on is opened from the start where a range is answered %i',
  async (code) => {
    const registry = await scripted()
    const { desc } = seededBlob(registry, 1000)
    registry.script({}, faults.status(code), { times: 1 })
    const { offset, body } = await client().fetcher(refTo(registry, 'a/b')).fetch(desc, { offset: 400 })
    expect(offset).toBe(0)
    for await (const _chunk of body);
  },
)

test.each([400, 403, 405, 500])(
  'what is not there is not there, whatever its other path is answered (%i)',
  async (code) => {
    const registry = await scripted()
    registry.script({ path: '/manifests/' }, faults.status(code))
    const { desc } = sample(10)
    const fetching = client().fetcher(refTo(registry, 'a/b')).fetch(desc)
    await expect(fetching).rejects.toMatchObject({ code: 'NOT_FOUND' })
  },
)

describe('R29 before a push', () => {
  test.each(refusals)('a tag is checked by GET if HEAD is answered with %s', async (what, fault) => {
    const registry = await scripted()
    const desc = putManifest(registry)
    registry.script(HEAD, fault)
    // A 404 is believed: a GET for each new image would cost too many requests.
    const expected = what === '404' ? undefined : desc
    expect(await pusherTo(registry).resolve('1')).toEqual(expected)
    expect(await pusherTo(registry).resolve(desc.digest)).toEqual(expected)
  })

  // A login that fails, and a pause, are of the host.
  const others = refusals.filter(([what]) => !['401', '503 for a while'].includes(what))
  test.each(others)(
    'a tag counts as missing if the requests for it are answered with %s',
    async (_what, fault) => {
      const registry = await scripted()
      putManifest(registry)
      registry.script({ path: '/manifests/' }, fault)
      expect(await pusherTo(registry).resolve('1')).toBeUndefined()
    },
  )

  test('a tag that names other content than a manifest is not the image', async () => {
    const registry = await scripted()
    registry.content.putManifest('a/b', '<html>', 'text/html', '1')
    expect(await pusherTo(registry).resolve('1')).toBeUndefined()
  })

  test.each(refusals)('a blob is checked by GET if HEAD is answered with %s', async (what, fault) => {
    const registry = await scripted()
    const { desc } = seededBlob(registry, 1000)
    registry.script(HEAD, fault)
    const there = what !== '404'
    expect(await pusherTo(registry).has(desc)).toBe(there)
    for (const { headers } of registry.received({ method: 'GET', path: '/blobs/' }))
      expect(headers.range).toBe('bytes=0-0')
  })

  test('a blob is checked by GET if HEAD is redirected to a URL that is signed for GET', async () => {
    const registry = await scripted()
    const { desc, content } = seededBlob(registry, 1000)
    await redirectsToSigned(registry, content, 'application/octet-stream')
    expect(await pusherTo(registry).has(desc)).toBe(true)
  })

  test('an empty blob is found by GET', async () => {
    const registry = await scripted()
    const { desc } = seededBlob(registry, 0)
    registry.script(HEAD, faults.status(403))
    expect(await pusherTo(registry).has(desc)).toBe(true)
  })

  test.each(refusals)('a blob is sent if the check for it is answered with %s', async (_what, fault) => {
    const registry = await scripted()
    registry.script(HEAD, fault)
    registry.script({ method: 'GET', path: '/blobs/' }, fault)
    const blob = sample(1000)
    const pusher = pusherTo(registry)
    expect(await pusher.has(blob.desc)).toBe(false)
    await push(pusher, blob)
    expect(held(registry, blob)).toBeDefined()
  })

  test.each(refusals)(
    'a mount answered with %s counts as refused, and is not retried',
    async (_what, fault) => {
      const registry = await scripted({ mounts: false })
      const blob = sample(1000)
      registry.script({ method: 'POST' }, fault, { times: 1 })
      const pusher = pusherTo(registry)
      expect(await pusher.mount(blob.desc, 'from/here')).toBe(false)
      expect(methods(registry)).toEqual(['POST'])
      await push(pusher, blob)
      expect(held(registry, blob)).toBeDefined()
    },
  )

  test('a mount that the token server refuses has not come about', async () => {
    const registry = await scripted({ auth: {} })
    registry.script({ path: '/token' }, faults.status(403), { times: 1 })
    const blob = sample(1000)
    const pusher = pusherTo(registry)
    expect(await pusher.mount(blob.desc, 'from/here')).toBe(false)
    await push(pusher, blob)
    expect(held(registry, blob)).toBeDefined()
  })

  test('R11 a mount that has brought something else has not come about', async () => {
    const registry = await scripted()
    const blob = sample(1000)
    registry.content.putBlob('from/here', blob.content)
    registry.script({ method: 'POST' }, faults.withHeaders({ 'docker-content-digest': digestOf('else') }))
    expect(await pusherTo(registry).mount(blob.desc, 'from/here')).toBe(false)
  })
})

async function manifestElsewhere(registry: ScriptedRegistry) {
  const desc = putManifest(registry)
  const content = registry.content.find('a/b', 'manifests', '1')?.content ?? ''
  return { desc, content }
}
