import { type AddressInfo, createServer, type Socket } from 'node:net'
import { parseReference } from '@dist/reference'
import { faults } from '@dist/testkit'
import { expect, onTestFinished, test } from 'vitest'
import { held, MiB, push, pusherTo, sample, uploads, ways } from './push-support.js'
import { client, scripted } from './support.js'

test.each([
  [503, faults.status(503)],
  [500, faults.status(500)],
  ['a reset', faults.closed()],
  [404, faults.status(404)],
])('a buffered blob is sent again by a new upload after %s', async (_what, fault) => {
  const registry = await scripted()
  registry.script({ ...uploads, method: 'PUT' }, fault, { times: 1 })
  const blob = sample(1000)
  await push(pusherTo(registry), blob)
  expect(held(registry, blob)).toBeDefined()
  expect(registry.received({ method: 'POST' })).toHaveLength(2)
  expect(registry.uploads.open).toBe(0)
})

test.each([
  [503, faults.status(503)],
  ['a reset', faults.closed()],
  [404, faults.status(404)],
])('a stream is not sent twice: %s is UNAVAILABLE, and the next write succeeds', async (_what, fault) => {
  const registry = await scripted()
  registry.script({ ...uploads, method: 'PUT' }, fault, { times: 1, early: true })
  const blob = sample(5 * MiB)
  const pusher = pusherTo(registry)
  await expect(push(pusher, blob)).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
  await push(pusher, blob)
  expect(held(registry, blob)).toBeDefined()
  expect(registry.received({ method: 'PUT' })).toHaveLength(2)
})

test('opening an upload is tried again', async () => {
  for (const [, size, options] of ways) {
    const registry = await scripted()
    registry.script({ method: 'POST' }, faults.status(502), { times: 2 })
    const blob = sample(size)
    await push(pusherTo(registry, options), blob)
    expect(held(registry, blob)).toBeDefined()
  }
})

test.each(['POST', 'PUT'])(
  'R23 a 429 to a %s is a pause for all who push there, and left to them',
  async (method) => {
    const registry = await scripted()
    registry.script({ method }, faults.status(429, { 'retry-after': '1' }))
    const pusher = pusherTo(registry, { retry: {} })
    await expect(push(pusher, sample(1000))).rejects.toMatchObject({ retryable: true, host: registry.host })
    await expect(push(pusher, sample(1001))).rejects.toMatchObject({ paused: true })
    expect(registry.received({ method })).toHaveLength(1)
  },
)

test.each([
  [401, 'UNAUTHENTICATED', /requires a login/],
  [403, 'PERMISSION_DENIED', /may not push to this repository/],
  [404, 'NOT_FOUND', /may have to be created first/],
  [405, 'NOT_IMPLEMENTED', /read-only/],
  [413, 'RESOURCE_EXHAUSTED', /refuses the size/],
])('a refusal by %i is final, and in the registry’s own words', async (code, expected, meaning) => {
  const registry = await scripted()
  registry.script({ method: 'POST' }, faults.status(code))
  for (const [, size, options] of ways) {
    const pushing = push(pusherTo(registry, options), sample(size))
    if (code !== 401) await expect(pushing).rejects.toThrow(/SCRIPTED: scripted fault/)
    await expect(pushing).rejects.toMatchObject({ code: expected, retryable: false })
    if (code !== 401) await expect(pushing).rejects.toThrow(meaning)
  }
})

test.each([403, 413])('the error of a stream contains an early answer of %i', async (code) => {
  const registry = await scripted()
  registry.script({ ...uploads, method: 'PUT' }, faults.status(code), { early: true })
  const pushing = push(pusherTo(registry), sample(20 * MiB))
  await expect(pushing).rejects.toThrow(/SCRIPTED: scripted fault/)
  await expect(pushing).rejects.toMatchObject({ retryable: false })
  expect(registry.uploads.open).toBe(0)
})

test('a success before all bytes were sent is an error', async () => {
  const registry = await scripted()
  registry.script({ ...uploads, method: 'PUT' }, faults.status(201, {}, ''), { early: true })
  const pushing = push(pusherTo(registry), sample(20 * MiB))
  await expect(pushing).rejects.toMatchObject({ code: 'MALFORMED' })
})

test('R26 an error of gigabytes with control characters is cut and escaped', async () => {
  const registry = await scripted()
  registry.script({ method: 'POST' }, faults.status(403, {}, `\u001b[2J${'x'.repeat(100_000)}`))
  const error = await push(pusherTo(registry), sample(10)).catch((caught: Error) => caught)
  expect((error as Error).message.length).toBeLessThan(600)
  expect((error as Error).message).toContain('\\u{1b}[2J')
  registry.script({ method: 'POST' }, (request, proper) =>
    faults.endlessBody()(request, async () => ({ ...(await proper()), status: 403 })),
  )
  await expect(push(pusherTo(registry), sample(10))).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
})

test.each(ways)('R21 a missing answer times out (%s)', async (_way, size, options) => {
  const registry = await scripted()
  registry.script({ ...uploads, method: 'PUT' }, faults.stalledHeaders())
  const impatient = { timeouts: { headers: 200, body: 200, stored: 200 }, retry: { attempts: 1 } }
  const pushing = push(pusherTo(registry, { ...options, ...impatient }), sample(size))
  await expect(pushing).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
  await expect(pushing).rejects.toThrow(/did not answer within 0.2 s/)
})

test.each([
  ['buffered', 4 * MiB],
  ['streamed', 64 * MiB],
])('R21 a registry that stops reading times out (%s)', async (_way, size) => {
  const host = await rawRegistry(() => {})
  const timeouts = { headers: 200, body: 200, stored: 200 }
  const pusher = client({ timeouts, retry: { attempts: 1 } }).pusher(parseReference(`${host}/a/b`))
  // The buffers of the system may take all of a small body: then only the answer is missing.
  await expect(push(pusher, sample(size))).rejects.toThrow(
    /read nothing for 0.2 s|did not answer within 0.2 s/,
  )
})

test('a refusal is read although the registry closes the connection during the upload', async () => {
  const refusal = 'HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 12\r\n\r\nmost: 10 MiB'
  const host = await rawRegistry((socket) => socket.write(refusal, () => socket.destroy()))
  const pusher = client({ retry: { attempts: 1 } }).pusher(parseReference(`${host}/a/b`))
  const pushing = push(pusher, sample(20 * MiB))
  await expect(pushing).rejects.toThrow(/\(413\).*most: 10 MiB/)
  await expect(pushing).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED', retryable: false })
})

/** A registry that opens uploads and reads nothing of them. */
async function rawRegistry(onPut: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    onTestFinished(() => void socket.destroy())
    socket.on('data', (data) => {
      const [method] = data.toString('latin1').split(' ')
      if (method === 'HEAD') socket.write('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n')
      if (method === 'POST')
        socket.write('HTTP/1.1 202 Accepted\r\nLocation: /up\r\nContent-Length: 0\r\n\r\n')
      if (method === 'DELETE') socket.end('HTTP/1.1 204 No Content\r\n\r\n')
      if (method !== 'PUT') return
      socket.pause()
      onPut(socket)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('an abort ends a push at once, in all ways', async () => {
  for (const [, size, options] of ways) {
    const registry = await scripted()
    registry.script({ ...uploads, method: 'chunkSize' in options ? 'PATCH' : 'PUT' }, faults.stalledHeaders())
    const abort = new AbortController()
    const patient = { ...options, timeouts: { headers: 60_000, body: 60_000 } }
    const pushing = push(pusherTo(registry, patient), sample(size), abort.signal)
    await registry.requested(uploads)
    abort.abort()
    await expect(pushing).rejects.toMatchObject({ code: 'CANCELED' })
  }
})
