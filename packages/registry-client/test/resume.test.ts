import { faults } from '@dist/testkit'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseContentRange, parseSize } from '../src/http/headers.js'
import { client, collect, putManifest, refTo, scripted, seededBlob, watched } from './support.js'

const size = 200_000

test('R22 a connection that breaks in mid-body is continued exactly there', async () => {
  const registry = await scripted()
  const { desc, content } = seededBlob(registry, size)
  registry.script({}, faults.cutBody(70_000), { times: 2 })
  const { body } = await client().fetcher(refTo(registry, 'a/b')).fetch(desc)
  expect((await collect(body)).equals(content)).toBe(true)
  expect(registry.requests.map(({ headers }) => headers.range)).toEqual([
    undefined,
    'bytes=70000-',
    'bytes=140000-',
  ])
})

test('R22 a body that ends too early without a length announced is continued', async () => {
  const registry = await scripted()
  const { desc, content } = seededBlob(registry, size)
  registry.script({}, faults.shortenedBody(100_000), { times: 1 })
  const { body } = await client().fetcher(refTo(registry, 'a/b')).fetch(desc)
  expect((await collect(body)).equals(content)).toBe(true)
  expect(registry.requests[1]?.headers.range).toBe('bytes=100000-')
})

test('R22 a transfer that began at an offset continues where it broke', async () => {
  const registry = await scripted()
  const { desc, content } = seededBlob(registry, size)
  registry.script({}, faults.cutBody(10_000), { times: 1 })
  const { body, offset } = await client().fetcher(refTo(registry, 'a/b')).fetch(desc, { offset: 50_000 })
  expect(offset).toBe(50_000)
  expect((await collect(body)).equals(content.subarray(50_000))).toBe(true)
  expect(registry.requests[1]?.headers.range).toBe('bytes=60000-')
})

test.each([
  ['starts again with 200', faults.ignoredRange()],
  ['continues at another place', faults.withHeaders({ 'content-range': `bytes 69999-199999/200000` })],
  ['has content of another size', faults.withHeaders({ 'content-range': `bytes 70000-200000/200001` })],
  ['has a Content-Range that is none', faults.withHeaders({ 'content-range': 'bytes 70000-/*' })],
  ['answers the range with 416', faults.status(416)],
])(
  'R22 a source that %s in mid-body is never spliced in: the caller is told to start again',
  async (_what, fault) => {
    const registry = await scripted()
    const { desc } = seededBlob(registry, size)
    registry.script({}, fault, { after: 1 })
    registry.script({}, faults.cutBody(70_000), { times: 1 })
    const { body } = await client().fetcher(refTo(registry, 'a/b')).fetch(desc)
    let received = 0
    const reading = (async () => {
      for await (const chunk of body) received += chunk.byteLength
    })()
    await expect(reading).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
    expect(received).toBe(70_000)
  },
)

test('R22 a body that breaks before its first byte starts again, also where ranges are ignored', async () => {
  const registry = await scripted()
  const { desc, content } = seededBlob(registry, size)
  registry.script({}, faults.cutBody(0), { times: 1 })
  const { body } = await client().fetcher(refTo(registry, 'a/b')).fetch(desc)
  expect((await collect(body)).equals(content)).toBe(true)
})

test('R22 a source that breaks after every few bytes fails after the attempts', async () => {
  const registry = await scripted()
  const { desc } = seededBlob(registry, size)
  registry.script({}, faults.cutBody(10))
  const { body } = await client().fetcher(refTo(registry, 'a/b')).fetch(desc)
  await expect(collect(body)).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
  expect(registry.requests).toHaveLength(3)
})

test('R22 progress counts: a large transfer survives more breaks than there are attempts', async () => {
  const registry = await scripted()
  const { desc, content } = seededBlob(registry, 6_500_000)
  registry.script({}, faults.cutBody(1_100_000), { times: 5 })
  const { body } = await client().fetcher(refTo(registry, 'a/b')).fetch(desc)
  expect((await collect(body)).equals(content)).toBe(true)
  expect(registry.requests).toHaveLength(6)
})

test('R22 a truncated body that stays truncated is an error that names blob, host and bytes', async () => {
  const registry = await scripted()
  const { desc } = seededBlob(registry, size)
  registry.script({}, faults.shortenedBody(100), {})
  const { body } = await client().fetcher(refTo(registry, 'a/b')).fetch(desc)
  await expect(collect(body)).rejects.toThrow(`blob ${desc.digest} of ${registry.host}/a/b`)
})

test('a reader that leaves while it waits ends the transfer: it is not continued', async () => {
  const registry = await scripted()
  const { desc } = seededBlob(registry, size)
  registry.script({}, faults.stalledBody(0))
  const registryClient = client({ timeouts: {} })
  const { body } = await registryClient.fetcher(refTo(registry, 'a/b')).fetch(desc)
  const iterator = body[Symbol.asyncIterator]()
  const waiting = iterator.next()
  await iterator.return?.()
  expect((await waiting).done).toBe(true)
  expect(registry.requests).toHaveLength(1)
})

test('R21 R28 a host without an answer gets one request, and then none until its pause is over', async () => {
  const registry = await scripted()
  const { desc } = seededBlob(registry, 1000)
  registry.script({}, faults.stalledHeaders())
  const fetcher = client({ timeouts: { headers: 50 } }).fetcher(refTo(registry, 'a/b'))
  const fetching = fetcher.fetch(desc)
  await expect(fetching).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true, paused: false })
  await expect(fetching).rejects.toThrow(`${registry.host} did not answer within 0.05 s`)
  const again = fetcher.fetch(desc)
  await expect(again).rejects.toMatchObject({ paused: true, host: registry.host, retryable: true })
  await expect(again).rejects.toThrow(`a/b: ${registry.host} did not answer within 0.05 s; next request`)
  expect(registry.requests).toHaveLength(1)
})

test('R21 a stalled body is resumed on another connection', async () => {
  const registry = await scripted()
  const { desc, content } = seededBlob(registry, size)
  registry.script({}, faults.stalledBody(30_000), { times: 1 })
  const { body } = await client().fetcher(refTo(registry, 'a/b')).fetch(desc)
  expect((await collect(body)).equals(content)).toBe(true)
  expect(registry.requests[1]?.headers.range).toBe('bytes=30000-')
})

test('R21 a body that drips is ended for being too slow, and resumed', async () => {
  const registry = await scripted()
  const { desc, content } = seededBlob(registry, size)
  registry.script({}, faults.drippingBody(10, 5), { times: 1 })
  const { events, onRequest } = watched()
  const timeouts = { headers: 2000, body: 2000, throughput: { bytesPerSecond: 100_000, window: 60 } }
  const { body } = await client({ timeouts, onRequest }).fetcher(refTo(registry, 'a/b')).fetch(desc)
  expect((await collect(body)).equals(content)).toBe(true)
  expect(events[0]?.received).toBeLessThan(size)
  expect(registry.requests).toHaveLength(2)
})

test('R36 a body that stays too slow is opened once more, and then fails for good', async () => {
  const registry = await scripted()
  const { desc } = seededBlob(registry, size)
  registry.script({}, faults.drippingBody(1, 5))
  const timeouts = { throughput: { bytesPerSecond: 100_000, window: 60 } }
  const { body } = await client({ timeouts, retry: {} }).fetcher(refTo(registry, 'a/b')).fetch(desc)
  const reading = collect(body)
  await expect(reading).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED', retryable: false })
  await expect(reading).rejects.toThrow(`${registry.host} sent less than 100000 bytes per second for 0.06 s`)
  expect(registry.requests).toHaveLength(2)
})

test('R36 interruptions do not hide how slow a source is', async () => {
  const registry = await scripted()
  const { desc } = seededBlob(registry, size)
  // Each connection is over before a window is.
  const late = faults.delivered((response, { status, headers, body }) => {
    response.writeHead(status, headers).flushHeaders()
    setTimeout(() => response.write(body.subarray(0, 10), () => response.destroy()), 300)
  })
  registry.script({}, late)
  const timeouts = { body: 2000, throughput: { bytesPerSecond: 100_000, window: 350 } }
  const { body } = await client({ timeouts, retry: {} }).fetcher(refTo(registry, 'a/b')).fetch(desc)
  await expect(collect(body)).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED', retryable: false })
})

test('R36 a manifest that trickles is requested once more, and then fails for good', async () => {
  const registry = await scripted()
  putManifest(registry)
  registry.script({ method: 'GET' }, faults.drippingBody(1, 5))
  const timeouts = { throughput: { bytesPerSecond: 100_000, window: 60 } }
  const resolving = client({ timeouts, retry: {} }).resolve(refTo(registry, 'a/b:1'), { intent: 'manifest' })
  await expect(resolving).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED', retryable: false })
  expect(registry.requests).toHaveLength(2)
})

test('R8 a token that expires in mid-blob is renewed, and the blob continued at its offset', async () => {
  const registry = await scripted({ auth: {} })
  const { desc, content } = seededBlob(registry, size)
  registry.script({ path: '/blobs/' }, faults.cutBody(70_000), { after: 1, times: 1 })
  const { body } = await client().fetcher(refTo(registry, 'a/b')).fetch(desc)
  const iterator = body[Symbol.asyncIterator]()
  const first = await iterator.next()
  registry.revokeTokens()
  const rest = await collect({ [Symbol.asyncIterator]: () => iterator })
  expect(Buffer.concat([first.value, rest]).equals(content)).toBe(true)
  expect(registry.requests.map(({ path, status }) => `${path.split('/')[1]} ${status}`)).toEqual([
    'v2 401',
    'token 200',
    'v2 200',
    'v2 401',
    'token 200',
    'v2 206',
  ])
  expect(registry.requests.at(-1)?.headers.range).toBe('bytes=70000-')
})

test('a continued transfer follows its redirect again, because signed URLs expire', async () => {
  const registry = await scripted({ blobHost: true })
  const { desc, content } = seededBlob(registry, size)
  registry.blobHost?.script({}, faults.cutBody(70_000), { times: 1 })
  const { body } = await client().fetcher(refTo(registry, 'a/b')).fetch(desc)
  expect((await collect(body)).equals(content)).toBe(true)
  const signatures = registry.blobHost?.requests.map(({ query }) => query.get('signature'))
  expect(new Set(signatures).size).toBe(2)
})

test('Content-Range is valid only with first, last and a size that contains them', () => {
  expect(parseContentRange('bytes 5-9/10')).toEqual({ first: 5, last: 9, total: 10 })
  expect(parseContentRange('bytes 5-9/*')).toEqual({ first: 5, last: 9, total: undefined })
  for (const value of [
    'bytes 9-5/10',
    'bytes 5-10/10',
    'bytes */10',
    'items 5-9/10',
    'bytes 5-9',
    '',
    'bytes -1-9/10',
  ])
    expect(parseContentRange(value)).toBeUndefined()
})

test('R17 a length header that is not a size is undefined', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const size = parseSize(text)
      expect(size === undefined || (Number.isSafeInteger(size) && size >= 0)).toBe(true)
    }),
  )
  for (const value of ['-1', '1.5', '9007199254740993', '0x10', ' 1', ''])
    expect(parseSize(value)).toBeUndefined()
})
