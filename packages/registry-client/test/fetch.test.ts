import { createStore, MemoryDriver } from '@dist/content'
import { digestOf, mediaTypes } from '@dist/oci'
import { faults, fetchHandler } from '@dist/testkit'
import { expect, onTestFinished, test } from 'vitest'
import { client, collect, manifestOf, putManifest, refTo, scripted, seededBlob, watched } from './support.js'

test('a blob is fetched byte for byte, with identity encoding requested', async () => {
  const registry = await scripted()
  const { desc, content } = seededBlob(registry, 300_000)
  const { offset, body } = await client().fetcher(refTo(registry, 'a/b')).fetch(desc)
  expect(offset).toBe(0)
  expect((await collect(body)).equals(content)).toBe(true)
  expect(registry.requests[0]?.headers['accept-encoding']).toBe('identity')
})

test('a manifest is fetched under manifests, a blob under blobs', async () => {
  const registry = await scripted()
  const fetcher = client().fetcher(refTo(registry, 'a/b'))
  const manifest = putManifest(registry)
  const { desc } = seededBlob(registry, 10)
  await collect((await fetcher.fetch(manifest)).body)
  await collect((await fetcher.fetch(desc)).body)
  expect(registry.requests.map(({ path }) => path)).toEqual([
    `/v2/a/b/manifests/${manifest.digest}`,
    `/v2/a/b/blobs/${desc.digest}`,
  ])
})

test('a manifest that is stored as a blob, and a blob that is stored as a manifest, are found', async () => {
  const registry = await scripted()
  const fetcher = client().fetcher(refTo(registry, 'a/b'))
  const blob = registry.content.putBlob('a/b', manifestOf())
  const manifest = registry.content.putManifest(
    'a/b',
    manifestOf({ annotations: {} }),
    mediaTypes.ociManifest,
  )
  const asManifest = await fetcher.fetch({ ...blob, mediaType: mediaTypes.ociManifest })
  expect(String(await collect(asManifest.body))).toBe(manifestOf())
  const asBlob = await fetcher.fetch({ ...manifest, mediaType: 'application/vnd.example' })
  expect(String(await collect(asBlob.body))).toBe(manifestOf({ annotations: {} }))
})

test('a blob of no bytes is legal', async () => {
  const registry = await scripted()
  const desc = registry.content.putBlob('a/b', '')
  expect((await collect((await client().fetcher(refTo(registry, 'a/b')).fetch(desc)).body)).byteLength).toBe(
    0,
  )
})

test('a transfer goes on at its offset', async () => {
  const registry = await scripted()
  const { desc, content } = seededBlob(registry, 1000)
  const fetched = await client().fetcher(refTo(registry, 'a/b')).fetch(desc, { offset: 400 })
  expect(fetched.offset).toBe(400)
  expect((await collect(fetched.body)).equals(content.subarray(400))).toBe(true)
  expect(registry.requests[0]?.headers.range).toBe('bytes=400-')
})

test('no request is sent at the end of the content', async () => {
  const registry = await scripted()
  const { desc } = seededBlob(registry, 1000)
  const fetched = await client().fetcher(refTo(registry, 'a/b')).fetch(desc, { offset: 1000 })
  expect(fetched.offset).toBe(1000)
  expect((await collect(fetched.body)).byteLength).toBe(0)
  expect(registry.requests).toEqual([])
})

test.each([
  ['ignores ranges', faults.ignoredRange()],
  ['continues elsewhere', faults.withHeaders({ 'content-range': 'bytes 399-999/1000' })],
  ['speaks of another size', faults.withHeaders({ 'content-range': 'bytes 400-1000/1001' })],
  ['does not say where it continues', faults.withHeaders({ 'content-range': undefined })],
  ['refuses the range', faults.status(416)],
])('the fetch starts at offset 0 if a source %s', async (_what, fault) => {
  const registry = await scripted()
  const { desc, content } = seededBlob(registry, 1000)
  registry.script({}, fault, { times: 1 })
  const fetched = await client().fetcher(refTo(registry, 'a/b')).fetch(desc, { offset: 400 })
  expect(fetched.offset).toBe(0)
  expect((await collect(fetched.body)).equals(content)).toBe(true)
})

test('R9 an endless body is ended at the first byte too many, and not buffered', async () => {
  const registry = await scripted()
  const { desc } = seededBlob(registry, 100_000)
  registry.script({}, faults.endlessBody())
  const { events, onRequest } = watched()
  const { body } = await client({ onRequest }).fetcher(refTo(registry, 'a/b')).fetch(desc)
  let received = 0
  const reading = (async () => {
    for await (const chunk of body) received += chunk.byteLength
  })()
  await expect(reading).rejects.toMatchObject({ code: 'FAILED_PRECONDITION', retryable: false })
  expect(received).toBeLessThanOrEqual(desc.size)
  // The bytes received until then are bounded by the buffer of one body.
  expect(events[0]?.received).toBeLessThan(desc.size + 1024 * 1024)
})

test('R9 an announced length other than the size fails before a byte is read', async () => {
  const registry = await scripted()
  const { desc } = seededBlob(registry, 1000)
  const fetching = client()
    .fetcher(refTo(registry, 'a/b'))
    .fetch({ ...desc, size: 999 })
  await expect(fetching).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
})

test('R10 content with a flipped byte does not become visible', async () => {
  const registry = await scripted()
  const { desc } = seededBlob(registry, 100_000)
  registry.script({}, faults.flippedByte(50_000))
  const store = createStore(new MemoryDriver())
  const handler = fetchHandler(store, client().fetcher(refTo(registry, 'a/b')))
  await expect(handler(desc, {})).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
  await expect(store.info(desc.digest)).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('R19 matching embedded data saves the request; other data is ignored', async () => {
  const registry = await scripted()
  const desc = registry.content.putBlob('a/b', 'content')
  const fetcher = client().fetcher(refTo(registry, 'a/b'))
  const embedded = (text: string) => ({ ...desc, data: Buffer.from(text).toString('base64') })
  expect(String(await collect((await fetcher.fetch(embedded('content'))).body))).toBe('content')
  expect(String(await collect((await fetcher.fetch(embedded('content'), { offset: 3 })).body))).toBe('tent')
  expect(registry.requests).toEqual([])
  expect(String(await collect((await fetcher.fetch(embedded('CONTENT'))).body))).toBe('content')
  expect(registry.requests).toHaveLength(1)
})

test('R14 a manifest whose descriptor exceeds the limit is not requested', async () => {
  const registry = await scripted()
  const desc = { mediaType: mediaTypes.ociManifest, digest: digestOf(''), size: 9 * 1024 * 1024 }
  const fetching = client().fetcher(refTo(registry, 'a/b')).fetch(desc)
  await expect(fetching).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' })
  expect(registry.requests).toEqual([])
})

test('leaving the loop gives the connection and its place up', async () => {
  const registry = await scripted()
  const { desc } = seededBlob(registry, 4_000_000)
  const registryClient = client({ limiter: undefined })
  const fetcher = registryClient.fetcher(refTo(registry, 'a/b'))
  // More often than there are places at a host.
  for (let i = 0; i < 20; i++) {
    for await (const _chunk of (await fetcher.fetch(desc)).body) break
  }
  const unread = await fetcher.fetch(desc)
  await unread.body[Symbol.asyncIterator]().return?.()
  expect((await collect((await fetcher.fetch(desc)).body)).byteLength).toBe(desc.size)
})

test('aborting ends a body that waits', async () => {
  const registry = await scripted()
  const { desc } = seededBlob(registry, 1000)
  registry.script({}, faults.stalledBody(10))
  const abort = new AbortController()
  const fetcher = client({ timeouts: {} }).fetcher(refTo(registry, 'a/b'))
  const { body } = await fetcher.fetch(desc, { signal: abort.signal })
  const reading = collect(body)
  abort.abort()
  await expect(reading).rejects.toMatchObject({ code: 'CANCELED' })
})

test('many transfers share one signal without a warning of a leak', async () => {
  const registry = await scripted({ auth: {} })
  const { desc } = seededBlob(registry, 1000)
  const warnings: Error[] = []
  const onWarning = (warning: Error) => warnings.push(warning)
  process.on('warning', onWarning)
  onTestFinished(() => void process.off('warning', onWarning))
  const { signal } = new AbortController()
  const fetcher = client().fetcher(refTo(registry, 'a/b'))
  await Promise.all(
    Array.from({ length: 30 }, async () => collect((await fetcher.fetch(desc, { signal })).body)),
  )
  // Node emits warnings on the next turn.
  await new Promise((resolve) => setImmediate(resolve))
  expect(warnings).toEqual([])
})

test('closing the client ends its requests with CANCELED, without retries', async () => {
  const registry = await scripted()
  const { desc } = seededBlob(registry, 1000)
  registry.script({}, faults.stalledBody(10))
  const registryClient = client({ timeouts: {} })
  const fetcher = registryClient.fetcher(refTo(registry, 'a/b'))
  const reading = collect((await fetcher.fetch(desc)).body)
  await registryClient[Symbol.asyncDispose]()
  await expect(reading).rejects.toMatchObject({ code: 'CANCELED' })
  await expect(fetcher.fetch(desc)).rejects.toMatchObject({ code: 'CANCELED' })
  expect(registry.requests).toHaveLength(1)
})
