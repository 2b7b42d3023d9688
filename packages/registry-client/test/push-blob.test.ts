import { digestOf } from '@dist/oci'
import { createTestAuthority, type Fault, faults, reply, startServer } from '@dist/testkit'
import { expect, onTestFinished, test } from 'vitest'
import { createRegistry } from '../src/index.js'
import { held, inChunks, MiB, push, pusherTo, sample, story, uploads, ways } from './push-support.js'
import { client, refTo, scripted, shortWaits } from './support.js'

const allOf = (url: string) => ({ url: `${url}/v2`, capabilities: ['pull', 'resolve', 'push'] as const })

test.each([
  ['empty', 0, ['HEAD 404', 'POST 202', 'PUT 201']],
  ['small', 1000, ['HEAD 404', 'POST 202', 'PUT 201']],
  ['gathered whole', 4 * MiB, ['HEAD 404', 'POST 202', 'PUT 201']],
  ['streamed', 4 * MiB + 1, ['HEAD 404', 'POST 202', 'PUT 201']],
])('a blob is pushed by one POST and one PUT (%s)', async (_what, size, requests) => {
  const registry = await scripted()
  const blob = sample(size)
  expect(await push(pusherTo(registry), blob)).toMatchObject({ digest: blob.desc.digest, size })
  expect(held(registry, blob)?.byteLength).toBe(size)
  expect(story(registry)).toEqual(requests)
  expect(registry.received({ method: 'PUT' })[0]).toMatchObject({
    bodySize: size,
    headers: { 'content-length': String(size), 'content-type': 'application/octet-stream' },
  })
  // Some registries require a length without content as well.
  expect(registry.received({ method: 'POST' })[0]?.headers['content-length']).toBe('0')
  expect(registry.uploads.open).toBe(0)
})

test('a blob that was found missing is not checked again by the next write', async () => {
  const registry = await scripted()
  const pusher = pusherTo(registry)
  const blob = sample(1000)
  expect(await pusher.has(blob.desc)).toBe(false)
  await push(pusher, blob)
  expect(await pusher.has(blob.desc)).toBe(true)
  expect(story(registry)).toEqual(['HEAD 404', 'POST 202', 'PUT 201', 'HEAD 200'])
  await expect(push(pusher, blob)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
})

test('a blob of another size under the digest counts as missing', async () => {
  const registry = await scripted()
  const blob = sample(1000)
  registry.content.putBlob('a/b', blob.content)
  const pusher = pusherTo(registry)
  expect(await pusher.has({ ...blob.desc, size: 999 })).toBe(false)
  expect(await pusher.has(blob.desc)).toBe(true)
})

test.each([405, 501])(
  'R12 whether a blob is there is asked by GET where HEAD is answered %i',
  async (code) => {
    const registry = await scripted()
    const blob = sample(1000)
    registry.script({ method: 'HEAD' }, faults.status(code))
    const pusher = pusherTo(registry)
    expect(await pusher.has(blob.desc)).toBe(false)
    registry.content.putBlob('a/b', blob.content)
    expect(await pusher.has(blob.desc)).toBe(true)
  },
)

test('a write without digest and size is a mistake of the caller', async () => {
  const registry = await scripted()
  const { digest } = sample(1).desc
  const { ingester } = pusherTo(registry)
  await expect(ingester.writer('x', {})).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await expect(ingester.writer('x', { digest })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  expect(registry.received({ method: 'POST' })).toEqual([])
})

test.each(ways)('R10 one flipped byte: a digest error, and no blob (%s)', async (_way, size, options) => {
  const registry = await scripted()
  const blob = sample(size)
  blob.content[size - 1] = (blob.content[size - 1] ?? 0) ^ 1
  const pushing = push(pusherTo(registry, options), blob)
  await expect(pushing).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
  expect(registry.content.blob(blob.desc.digest)).toBeUndefined()
  expect(registry.content.blob(digestOf(blob.content))).toBeUndefined()
  expect(registry.received({ method: 'PUT' }).map(({ status }) => status)).not.toContain(201)
})

test.each(ways)('content that ends too early is no blob (%s)', async (_way, size, options) => {
  const registry = await scripted()
  const blob = sample(size)
  const short = { ...blob, content: blob.content.subarray(0, size - 1) }
  await expect(push(pusherTo(registry, options), short)).rejects.toMatchObject({
    code: 'FAILED_PRECONDITION',
  })
  expect(registry.received({ method: 'PUT' }).map(({ status }) => status)).not.toContain(201)
})

test.each(ways)('a write starts again from 0 (%s)', async (_way, size, options) => {
  const registry = await scripted()
  const blob = sample(size)
  await using writer = await pusherTo(registry, options).ingester.writer('test', blob.desc)
  await writer.write(Buffer.alloc(size - 1))
  await writer.restart()
  for await (const chunk of inChunks(blob.content)) await writer.write(chunk)
  await writer.commit()
  expect(digestOf(held(registry, blob) ?? '')).toBe(blob.desc.digest)
})

test.each(ways)('an aborted write leaves no upload open (%s)', async (_way, size, options) => {
  const registry = await scripted()
  const writer = await pusherTo(registry, options).ingester.writer('test', sample(size).desc)
  await writer.write(Buffer.alloc(size - 1))
  await writer.abort()
  expect(registry.uploads.open).toBe(0)
})

test('R11 a registry that answers with another digest is an error', async () => {
  for (const [, size, options] of ways) {
    const registry = await scripted()
    registry.script({ method: 'PUT' }, faults.withHeaders({ 'docker-content-digest': digestOf('else') }))
    const pushing = push(pusherTo(registry, options), sample(size))
    await expect(pushing).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
  }
})

test('an upload continues at another origin, which gets no credentials (R1)', async () => {
  const elsewhere = await startServer(() => reply(201))
  onTestFinished(() => elsewhere[Symbol.asyncDispose]())
  for (const size of [1000, 5 * MiB]) {
    const registry = await scripted({ auth: {} })
    registry.script(
      { method: 'POST', path: '/uploads/' },
      faults.withHeaders({ location: `${elsewhere.url}/put?signature=a%2Fb` }),
    )
    await push(pusherTo(registry), sample(size))
    const put = elsewhere.requests.at(-1)
    expect(put).toMatchObject({ method: 'PUT', bodySize: size })
    expect(put?.url).toBe(`/put?signature=a%2Fb&digest=${encodeURIComponent(sample(size).desc.digest)}`)
    expect(put?.headers.authorization).toBeUndefined()
  }
})

test('R24 an upload that goes from https to plain http is refused', async () => {
  const { cert, key } = createTestAuthority().server
  const registry = await scripted({ tls: { cert, key } })
  registry.script({ method: 'POST' }, faults.withHeaders({ location: `http://${registry.host}/put` }))
  const hosts = async () => [{ ...allOf(registry.url), tls: { skipVerify: true } }]
  const pushing = push(client({ hosts }).pusher(refTo(registry, 'a/b')), sample(10))
  await expect(pushing).rejects.toMatchObject({ code: 'MALFORMED', retryable: false })
  await expect(pushing).rejects.toThrow(/from https to plain http/)
})

test.each([undefined, 'ftp://127.0.0.1/x', 'http://['])(
  'an upload that leads nowhere is an error (%s)',
  async (location) => {
    const registry = await scripted()
    registry.script({ method: 'POST' }, faults.withHeaders({ location }))
    await expect(push(pusherTo(registry), sample(10))).rejects.toMatchObject({ code: 'MALFORMED' })
    expect(registry.received({ method: 'PUT' })).toEqual([])
  },
)

test('a redirect is followed if the body can be sent again; for a stream, and to a GET, it is an error', async () => {
  const registry = await scripted()
  // On a busy machine a body of 5 MiB may stand still for a while.
  const pusher = pusherTo(registry, { timeouts: { headers: 5_000, body: 5_000 } })
  registry.script({ method: 'PUT' }, async ({ url }) => reply(307, { location: `${url}&again=1` }), {
    times: 1,
  })
  await push(pusher, sample(1000))
  expect(registry.received({ method: 'PUT' }).map(({ bodySize }) => bodySize)).toEqual([1000, 1000])
  registry.script({ method: 'PUT' }, faults.redirect('/elsewhere'))
  await expect(push(pusher, sample(5 * MiB))).rejects.toMatchObject({ code: 'NOT_IMPLEMENTED' })
  registry.script({ method: 'POST' }, faults.redirect('/elsewhere', 303))
  await expect(push(pusher, sample(10))).rejects.toMatchObject({ code: 'MALFORMED' })
})

test('a mirror that may not be pushed to is passed over', async () => {
  const registry = await scripted()
  const mirror = await scripted()
  const hosts = async () => [
    { url: `${mirror.url}/v2`, capabilities: ['pull', 'resolve'] as const },
    allOf(registry.url),
  ]
  const blob = sample(1000)
  await push(client({ hosts }).pusher(refTo(registry, 'a/b')), blob)
  expect(held(registry, blob)).toBeDefined()
  expect(mirror.requests).toEqual([])
  const readOnly = async () => (await hosts()).slice(0, 1)
  const pushing = push(client({ hosts: readOnly }).pusher(refTo(registry, 'a/b')), blob)
  await expect(pushing).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
})

test('a mount is one request; if it opens an upload instead, the write continues it', async () => {
  const registry = await scripted()
  const blob = sample(1000)
  registry.content.putBlob('from/here', blob.content)
  const pusher = pusherTo(registry)
  expect(await pusher.mount(blob.desc, 'from/here')).toBe(true)
  expect(story(registry)).toEqual(['POST 201'])
  const other = sample(2000)
  expect(await pusher.has(other.desc)).toBe(false)
  expect(await pusher.mount(other.desc, 'from/here')).toBe(false)
  await push(pusher, other)
  expect(story(registry).slice(1)).toEqual(['HEAD 404', 'POST 202', 'PUT 201'])
  expect(registry.uploads.open).toBe(0)
})

test.each([
  ...[200, 204, 400, 401, 403, 404, 405, 413, 500, 503].map((code): [string, Fault] => [
    String(code),
    faults.status(code, {}, ''),
  ]),
  ['a redirect', faults.redirect('/elsewhere', 302)],
  ['a closed connection', faults.closed()],
])('R29 a mount that is answered %s has not come about, and an upload follows', async (_what, fault) => {
  const registry = await scripted({ mounts: false })
  registry.script({ method: 'POST' }, async (request, proper) =>
    request.query.has('mount') ? fault(request, proper) : proper(),
  )
  const blob = sample(10)
  const pusher = pusherTo(registry)
  expect(await pusher.mount(blob.desc, 'from/here')).toBe(false)
  await push(pusher, blob)
  expect(held(registry, blob)?.byteLength).toBe(10)
})

test('an upload that a mount has opened is cancelled if no write continues it', async () => {
  const registry = await scripted()
  const pushing = createRegistry(shortWaits)
  const pusher = pushing.pusher(refTo(registry, 'a/b'))
  await pusher.mount(sample(10).desc, 'from/here')
  await pusher.mount(sample(10).desc, 'from/there')
  expect(registry.uploads.open).toBe(1)
  await pushing[Symbol.asyncDispose]()
  expect(registry.uploads.open).toBe(0)
  expect(registry.received({ ...uploads, method: 'DELETE' })).toHaveLength(2)
})
