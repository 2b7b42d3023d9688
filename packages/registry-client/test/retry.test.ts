import { createHostLimiter, type HostLimiter } from '@dist/remotes'
import { faults } from '@dist/testkit'
import { expect, test } from 'vitest'
import { parseRetryAfter } from '../src/http/headers.js'
import { client, collect, putManifest, refTo, scripted, seededBlob } from './support.js'

function recording(): { limiter: HostLimiter; pauses: [string, number | undefined][] } {
  const own = createHostLimiter()
  const pauses: [string, number | undefined][] = []
  const refused: HostLimiter['refused'] = async (host, milliseconds, ...rest) => {
    const wait = await own.refused(host, milliseconds, ...rest)
    if (wait === undefined) pauses.push([host, milliseconds])
    return wait
  }
  return { limiter: { ...own, refused }, pauses }
}

test.each([408, 500, 502, 503, 504])('%i is retried', async (status) => {
  const registry = await scripted()
  const desc = putManifest(registry)
  registry.script({}, faults.status(status), { times: 1 })
  expect((await client({ retry: {} }).resolve(refTo(registry, 'a/b:1'))).desc).toEqual(desc)
  expect(registry.requests).toHaveLength(2)
})

test('a connection closed without an answer is retried', async () => {
  const registry = await scripted()
  const desc = putManifest(registry)
  registry.script({}, faults.closed(), { times: 2 })
  expect((await client().resolve(refTo(registry, 'a/b:1'))).desc).toEqual(desc)
})

test.each([
  ['fails', faults.status(503), 2],
  ['closes the connection', faults.closed(), 2],
  ['breaks off before the first byte', faults.cutBody(0), 2],
  ['does not answer', faults.stalledHeaders(), 1],
  ['wants a pause', faults.status(429), 1],
  ['wants a pause of that length', faults.status(503, { 'retry-after': '1' }), 1],
])('R27 a host that %s gets one or two requests for a blob', async (_what, fault, times) => {
  const registry = await scripted()
  const { desc } = seededBlob(registry, 1000)
  registry.script({}, fault)
  const fetching = async () =>
    collect((await client({ retry: {} }).fetcher(refTo(registry, 'a/b')).fetch(desc)).body)
  await expect(fetching()).rejects.toMatchObject({ retryable: true })
  expect(registry.requests).toHaveLength(times)
})

test.each([
  ['fails', faults.status(503), 2],
  ['closes the connection', faults.closed(), 2],
  ['does not answer', faults.stalledHeaders(), 1],
  ['wants a pause', faults.status(429), 1],
])('R27 a token server that %s gets no more requests than a registry', async (_what, fault, times) => {
  const registry = await scripted({ auth: {} })
  putManifest(registry)
  registry.script({ path: '/token' }, fault)
  const resolving = client({ retry: {} }).resolve(refTo(registry, 'a/b:1'), { intent: 'manifest' })
  await expect(resolving).rejects.toMatchObject({ retryable: true, host: registry.host })
  expect(registry.received({ path: '/token' })).toHaveLength(times)
})

test.each([400, 401, 403, 404, 405, 406])('%i is not retried', async (status) => {
  const registry = await scripted()
  const { desc } = seededBlob(registry, 10)
  registry.script({ path: '/blobs/' }, faults.status(status))
  const fetching = client().fetcher(refTo(registry, 'a/b')).fetch(desc)
  await expect(fetching).rejects.toMatchObject({ retryable: false })
  expect(registry.received({ path: '/blobs/' })).toHaveLength(1)
})

test('R23 Retry-After is read as seconds and as a date, and capped', () => {
  const now = Date.parse('2026-01-01T00:00:00Z')
  const read = (value: string) => parseRetryAfter(value, 60_000, now)
  expect(read('7')).toBe(7000)
  expect(read('Thu, 01 Jan 2026 00:00:09 GMT')).toBe(9000)
  expect(read('Thursday, 01-Jan-26 00:00:09 GMT')).toBe(9000)
  expect(read(String(10 * 365 * 86_400))).toBe(60_000)
  expect(read('9'.repeat(400))).toBe(60_000)
  expect(read('Thu, 01 Jan 2036 00:00:00 GMT')).toBe(60_000)
})

test('R23 a Retry-After that is negative, past, or malformed is ignored', () => {
  const now = Date.parse('2026-01-01T00:00:00Z')
  for (const value of [
    '-5',
    '0',
    '1.5',
    'soon',
    '',
    'Thu, 01 Jan 2015 00:00:00 GMT',
    '2036-01-01',
    undefined,
  ])
    expect(parseRetryAfter(value, 60_000, now)).toBeUndefined()
})

test('R23 a Retry-After is capped, and pauses the host for all clients', async () => {
  const registry = await scripted()
  putManifest(registry)
  registry.script({}, faults.status(429, { 'retry-after': '315360000' }))
  const { limiter, pauses } = recording()
  const retry = { maxRetryAfter: 5_000 }
  const both = [client({ limiter, retry }), client({ limiter, retry })]
  await expect(both[0]?.resolve(refTo(registry, 'a/b:1'))).rejects.toMatchObject({
    code: 'RESOURCE_EXHAUSTED',
    retryAfter: 5_000,
  })
  expect(pauses).toEqual([[registry.host, 5_000]])
  await expect(both[1]?.resolve(refTo(registry, 'a/b:1'))).rejects.toMatchObject({ paused: true })
  expect(registry.requests).toHaveLength(1)
})

test('R23 a 429 without Retry-After pauses the host for all clients', async () => {
  const registry = await scripted()
  putManifest(registry)
  registry.script({}, faults.status(429, { 'retry-after': '-1' }))
  const { limiter, pauses } = recording()
  await expect(client({ limiter }).resolve(refTo(registry, 'a/b:1'))).rejects.toMatchObject({
    retryable: true,
  })
  expect(pauses).toEqual([[registry.host, undefined]])
})

test('R23 only the host that asked is paused: a blob host pauses alone', async () => {
  const registry = await scripted({ blobHost: true })
  const { desc } = seededBlob(registry, 10)
  registry.blobHost?.script({}, faults.status(503, { 'retry-after': '1' }), { times: 1 })
  const { limiter, pauses } = recording()
  const fetching = client({ limiter }).fetcher(refTo(registry, 'a/b')).fetch(desc)
  await expect(fetching).rejects.toMatchObject({ host: registry.blobHost?.host, retryAfter: 40 })
  expect(pauses.map(([host]) => host)).toEqual([registry.blobHost?.host])
})

test('R23 a used-up quota is RESOURCE_EXHAUSTED, retryable, and the message says what helps', async () => {
  const registry = await scripted()
  const quota = { 'retry-after': '9', 'content-type': 'text/plain' }
  registry.script({}, faults.status(429, quota, 'Too Many Requests'))
  const resolving = client().resolve(refTo(registry, 'a/b:1'), { intent: 'manifest' })
  await expect(resolving).rejects.toMatchObject({
    code: 'RESOURCE_EXHAUSTED',
    retryable: true,
    retryAfter: 40,
  })
  await expect(resolving).rejects.toThrow(
    'log in for a larger quota, or pull through a mirror (Too Many Requests)',
  )
})

test('no more requests are in flight at a host than the limiter allows, bodies included', async () => {
  const registry = await scripted()
  const blobs = Array.from({ length: 12 }, (_, i) => seededBlob(registry, 200_000 + i).desc)
  const own = createHostLimiter({ requests: 3 })
  let [inFlight, most] = [0, 0]
  const limiter: HostLimiter = {
    ...own,
    acquire: async (host, options) => {
      const permit = await own.acquire(host, options)
      most = Math.max(most, ++inFlight)
      const release = () => {
        inFlight--
        permit.release()
      }
      return { ...permit, release }
    },
  }
  const fetcher = client({ limiter }).fetcher(refTo(registry, 'a/b'))
  await Promise.all(blobs.map(async (desc) => collect((await fetcher.fetch(desc)).body)))
  expect(most).toBe(3)
  expect(inFlight).toBe(0)
})

test('aborting ends the wait between two tries', async () => {
  const registry = await scripted()
  registry.script({}, faults.status(503))
  const abort = new AbortController()
  const retry = { attempts: 3, firstDelay: 600_000, maxDelay: 600_000 }
  const resolving = client({ retry }).resolve(refTo(registry, 'a/b:1'), { signal: abort.signal })
  await registry.requested({})
  abort.abort()
  await expect(resolving).rejects.toMatchObject({ code: 'CANCELED' })
})
