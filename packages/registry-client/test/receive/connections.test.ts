import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { giveBack } from '@dist/content'
import { type Descriptor, digestOf, mediaTypes } from '@dist/oci'
import { parseReference } from '@dist/reference'
import { createTestAuthority, faults, seededBuffer } from '@dist/testkit'
import { expect, onTestFinished, test } from 'vitest'
import { client as anyClient, collect, refTo, scripted, seededBlob } from '../support.js'

// All bodies are large here.
const client = (options: Parameters<typeof anyClient>[0] = {}) => anyClient({ largeBody: 0, ...options })

const content = seededBuffer('blob', 300_000)
const desc: Descriptor = {
  mediaType: mediaTypes.octetStream,
  digest: digestOf(content),
  size: content.byteLength,
}
const lengthHead = `HTTP/1.1 200 OK\r\ncontent-length: ${content.byteLength}\r\n`

/** A server that answers the n-th request of all its connections as told. */
async function answering(answer: (socket: Socket, request: number) => void) {
  const requests: string[] = []
  let connections = 0
  const server = createServer((socket) => {
    connections++
    socket.on('error', () => {})
    socket.on('data', (data) => answer(socket, requests.push(data.toString('latin1'))))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const name = parseReference(`${host}/a/b:1`)
  return { host, name, requests, connections: () => connections }
}

/** Sends the whole answer, with more headers, and more bytes after it. */
const whole = (socket: Socket, headers = '', rest = '') =>
  socket.write(Buffer.concat([Buffer.from(`${lengthHead}${headers}\r\n`), content, Buffer.from(rest)]))

async function fetched(
  registry: ReturnType<typeof client>,
  name: ReturnType<typeof parseReference>,
): Promise<Buffer> {
  return collect((await registry.fetcher(name).fetch(desc)).body)
}

test('a connection is kept for the next blob', async () => {
  const server = await answering((socket) => whole(socket))
  const registry = client()
  for (let i = 0; i < 3; i++) expect((await fetched(registry, server.name)).equals(content)).toBe(true)
  expect(server.connections()).toBe(1)
  expect(server.requests[0]).toMatch(
    /^GET \/v2\/a\/b\/blobs\/sha256:[0-9a-f]{64} HTTP\/1\.1\r\nhost: 127\.0\.0\.1:\d+\r\n/,
  )
})

test.each([
  ['that says so', (socket: Socket) => whole(socket, 'connection: close\r\n')],
  ['with bytes after the body', (socket: Socket) => whole(socket, '', 'HTTP/1.1 200 OK\r\n')],
])('a connection %s is not used again', async (_what, answer) => {
  const server = await answering(answer)
  const registry = client()
  for (let i = 0; i < 2; i++) expect((await fetched(registry, server.name)).equals(content)).toBe(true)
  expect(server.connections()).toBe(2)
})

test('a kept connection that the server closes at the next request is replaced, and the request sent again', async () => {
  const server = await answering((socket, request) => (request === 2 ? socket.destroy() : whole(socket)))
  const registry = client({ retry: { attempts: 1 } })
  for (let i = 0; i < 2; i++) expect((await fetched(registry, server.name)).equals(content)).toBe(true)
  expect(server.requests).toHaveLength(3)
})

test('a new connection that the server closes is an error', async () => {
  const server = await answering((socket) => socket.destroy())
  await expect(fetched(client({ retry: { attempts: 1 } }), server.name)).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    retryable: true,
  })
  expect(server.requests).toHaveLength(1)
})

test.each([
  [
    'an interim answer',
    (socket: Socket) => socket.write('HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n', () => whole(socket)),
  ],
  ['a folded line', (socket: Socket) => whole(socket, 'x-folded: a\r\n b\r\n')],
  [
    'a body that ends with the connection',
    (socket: Socket) => socket.end(Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\n\r\n'), content])),
  ],
])('an answer with %s is left to undici, for good', async (_what, answer) => {
  const server = await answering(answer)
  const registry = client()
  for (let i = 1; i <= 2; i++) {
    const outcome = await fetched(registry, server.name).catch((error: Error) => error)
    const plain = await fetched(client({ largeBody: Number.POSITIVE_INFINITY }), server.name).catch(
      (error: Error) => error,
    )
    // Whether undici accepts it or not.
    expect(outcome instanceof Error ? outcome.message : digestOf(outcome)).toBe(
      plain instanceof Error ? plain.message : digestOf(plain),
    )
  }
  expect(server.requests.length % 2).toBe(1)
})

test('headers without an end are left to undici, which refuses them', async () => {
  const server = await answering((socket) => {
    socket.write('HTTP/1.1 200 OK\r\n')
    for (let i = 0; i < 40; i++) socket.write(`x-${i}: ${'y'.repeat(1000)}\r\n`)
  })
  const reading = fetched(client({ retry: { attempts: 1 } }), server.name)
  await expect(reading).rejects.toMatchObject({
    code: 'MALFORMED',
    message: expect.stringContaining('16 KiB'),
  })
})

test('R21 headers that come byte by byte time out', async () => {
  const server = await answering((socket) => {
    const timer = setInterval(() => socket.write('HTTP/1.1 200 OK\r\n'.slice(0, 1)), 10)
    socket.on('close', () => clearInterval(timer))
  })
  const reading = fetched(client({ timeouts: { headers: 100 }, retry: { attempts: 1 } }), server.name)
  await expect(reading).rejects.toThrow('did not answer within 0.1 s')
})

test('chunks that are malformed in mid-body are never content', async () => {
  const server = await answering((socket) =>
    socket.write(
      Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n400\r\n'), content]),
    ),
  )
  const { body } = await client({ retry: { attempts: 1 } })
    .fetcher(server.name)
    .fetch(desc)
  await expect(collect(body)).rejects.toThrow('answer is not HTTP')
})

test('a body that is chunked in small pieces is read', async () => {
  const server = await answering((socket) => {
    socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n')
    for (let at = 0; at < content.byteLength; at += 7000) {
      const piece = content.subarray(at, at + 7000)
      socket.write(
        Buffer.concat([Buffer.from(`${piece.byteLength.toString(16)}\r\n`), piece, Buffer.from('\r\n')]),
      )
    }
    socket.write('0\r\n\r\n')
  })
  const registry = client()
  for (let i = 0; i < 2; i++) expect((await fetched(registry, server.name)).equals(content)).toBe(true)
  expect(server.connections()).toBe(1)
})

test('memory that the reader gives back is used again, and never while it is read', async () => {
  const registry = await scripted()
  const { desc, content } = seededBlob(registry, 20_000_000)
  const { body } = await client().fetcher(refTo(registry, 'a/b')).fetch(desc)
  const memory = new Set<ArrayBufferLike>()
  let at = 0
  for await (const chunk of body) {
    memory.add(chunk.buffer)
    // Other work, while more arrives.
    await new Promise((resolve) => setImmediate(resolve))
    expect(Buffer.compare(content.subarray(at, at + chunk.byteLength), chunk)).toBe(0)
    at += chunk.byteLength
    giveBack(chunk)
  }
  expect(at).toBe(content.byteLength)
  expect(memory.size).toBeLessThanOrEqual(6)
})

test('a slow reader holds the source back, and keeps its connection', async () => {
  const registry = await scripted()
  const { desc, content } = seededBlob(registry, 8_000_000)
  const fetcher = client({ timeouts: { body: 100 } }).fetcher(refTo(registry, 'a/b'))
  const { body } = await fetcher.fetch(desc)
  const chunks: Uint8Array[] = []
  for await (const chunk of body) {
    // Longer than the body time-out: only the source is timed.
    if (chunks.length === 2) await new Promise((resolve) => setTimeout(resolve, 300))
    chunks.push(chunk)
  }
  expect(Buffer.concat(chunks).equals(content)).toBe(true)
  expect(registry.requests).toHaveLength(1)
})

test('a client that is closed ends its bodies', async () => {
  const registry = await scripted()
  const { desc } = seededBlob(registry, 300_000)
  registry.script({}, faults.stalledBody(1000))
  const closing = client()
  const { body } = await closing.fetcher(refTo(registry, 'a/b')).fetch(desc)
  const reading = collect(body)
  await closing[Symbol.asyncDispose]()
  await expect(reading).rejects.toMatchObject({ code: 'CANCELED' })
})

test('R24 a TLS connection is verified, reused and read', async () => {
  const authority = createTestAuthority()
  const registry = await scripted({ tls: authority.server })
  const { desc, content } = seededBlob(registry, 3_000_000)
  const endpoint = { url: `${registry.url}/v2`, capabilities: ['pull' as const], tls: { ca: [authority.ca] } }
  const trusting = client({ hosts: async () => [endpoint] })
  for (let i = 0; i < 2; i++)
    expect(
      (await collect((await trusting.fetcher(refTo(registry, 'a/b')).fetch(desc)).body)).equals(content),
    ).toBe(true)
  expect(registry.connections).toBe(1)
  const strict = client({ hosts: async () => [{ ...endpoint, tls: {} }] })
  await expect(strict.fetcher(refTo(registry, 'a/b')).fetch(desc)).rejects.toThrow('is not trusted')
})
