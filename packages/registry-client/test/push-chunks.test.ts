import { faults, reply } from '@dist/testkit'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Pieces, parseTaken } from '../src/push/chunks.js'
import { held, MiB, push, pusherTo, sample, uploads } from './push-support.js'
import { scripted } from './support.js'

const chunked = { chunkSize: MiB }
const patches = { ...uploads, method: 'PATCH' } as const

test('chunks say which bytes they are, and a request without content completes them', async () => {
  const registry = await scripted()
  const blob = sample(2.5 * MiB)
  await push(pusherTo(registry, chunked), blob)
  expect(held(registry, blob)?.byteLength).toBe(2.5 * MiB)
  expect(registry.received(patches).map(({ headers }) => headers['content-range'])).toEqual([
    `0-${MiB - 1}`,
    `${MiB}-${2 * MiB - 1}`,
    `${2 * MiB}-${2.5 * MiB - 1}`,
  ])
  expect(registry.received({ method: 'PUT' }).map(({ bodySize }) => bodySize)).toEqual([0])
})

test('the registry’s minimum size of chunks is used if it is larger', async () => {
  const registry = await scripted({ minChunk: 2 * MiB })
  await push(pusherTo(registry, chunked), sample(5 * MiB))
  expect(registry.received(patches).map(({ bodySize }) => bodySize)).toEqual([2 * MiB, 2 * MiB, MiB])
})

test('a registry that wants chunks larger than fit into memory gets the blob in one piece', async () => {
  const registry = await scripted({ minChunk: 10 ** 12 })
  const blob = sample(5 * MiB)
  await push(pusherTo(registry, chunked), blob)
  expect(held(registry, blob)).toBeDefined()
  expect(registry.received(patches)).toEqual([])
  expect(registry.received({ method: 'POST' })).toHaveLength(1)
})

test('blobs of one chunk at most are sent in one request', async () => {
  const registry = await scripted()
  await push(pusherTo(registry, chunked), sample(MiB))
  expect(registry.received(patches)).toEqual([])
})

test('the part of a chunk that a registry did not take is sent again', async () => {
  const registry = await scripted()
  const half = MiB / 2
  registry.script(
    patches,
    async (request, proper) => proper({ ...request, content: request.content?.subarray(0, half) }),
    { times: 1 },
  )
  const blob = sample(2.5 * MiB)
  await push(pusherTo(registry, chunked), blob)
  expect(held(registry, blob)).toBeDefined()
  expect(registry.received(patches)[1]?.headers['content-range']).toBe(`${half}-${MiB - 1}`)
})

test.each([
  ['fails before it is taken', faults.status(503)],
  [
    'is reset before it is taken',
    async () => ({ ...reply(500), deliver: (r: { destroy(): void }) => void r.destroy() }),
  ],
  ['is taken, and its answer lost', faults.closed()],
])('R22 after a chunk that %s, the registry is asked for its offset', async (_what, fault) => {
  const registry = await scripted()
  registry.script(patches, fault, { after: 1, times: 1 })
  const blob = sample(2.5 * MiB)
  await push(pusherTo(registry, chunked), blob)
  expect(held(registry, blob)).toBeDefined()
  expect(registry.received({ ...uploads, method: 'GET' })).toHaveLength(1)
})

test('R8 a login that expires between chunks is renewed, and the chunk sent again', async () => {
  const registry = await scripted({ auth: {} })
  registry.script(
    patches,
    async (_request, proper) => {
      const answer = await proper()
      registry.revokeTokens()
      return answer
    },
    { times: 1 },
  )
  const blob = sample(2.5 * MiB)
  await push(pusherTo(registry, chunked), blob)
  expect(held(registry, blob)).toBeDefined()
})

test.each(['0-5000000', '5-9', 'x'])('a registry that claims to have "%s" is not believed', async (range) => {
  const registry = await scripted()
  registry.script(patches, faults.withHeaders({ range }), { times: 1 })
  const pushing = push(pusherTo(registry, chunked), sample(2.5 * MiB))
  await expect(pushing).rejects.toMatchObject({ code: 'MALFORMED' })
  expect(registry.received({ method: 'PUT' })).toEqual([])
  expect(registry.uploads.open).toBe(0)
})

test('a completion is retried after a temporary failure, without sending a chunk twice', async () => {
  const registry = await scripted()
  registry.script({ ...uploads, method: 'PUT' }, faults.status(503), { times: 2 })
  const blob = sample(2.5 * MiB)
  await push(pusherTo(registry, chunked), blob)
  expect(held(registry, blob)).toBeDefined()
  expect(registry.received(patches)).toHaveLength(3)
})

test('a registry that takes nothing fails after some attempts', async () => {
  const registry = await scripted()
  registry.script(patches, faults.status(416))
  const pushing = push(pusherTo(registry, chunked), sample(2.5 * MiB))
  await expect(pushing).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
  expect(registry.received(patches)).toHaveLength(3)
})

const sizes = fc.integer({ min: 1, max: 2 ** 40 })

test('the taken bytes are between zero and the sent bytes', () => {
  fc.assert(
    fc.property(fc.string(), fc.nat(), sizes, (range, offset, length) => {
      const taken = parseTaken(range, offset, length)
      expect(taken === undefined || (taken >= 0 && taken <= length)).toBe(true)
    }),
  )
  fc.assert(
    fc.property(fc.nat(), sizes, fc.nat(), (offset, length, last) => {
      const taken = parseTaken(`0-${last}`, offset, length)
      expect(taken === undefined || (taken >= 0 && taken <= length)).toBe(true)
    }),
  )
})

test('the Range of an answer gives the taken bytes', () => {
  fc.assert(
    fc.property(fc.nat(), sizes, fc.double({ min: 0, max: 1, noNaN: true }), (offset, length, part) => {
      const taken = Math.floor(length * part)
      // An empty upload and one of one byte have the same Range.
      fc.pre(offset + taken > 1)
      expect(parseTaken(`0-${offset + taken - 1}`, offset, length)).toBe(taken)
      expect(parseTaken(undefined, offset, length)).toBe(length)
    }),
  )
  expect(parseTaken('0-0', 0, 1)).toBe(1)
  expect(parseTaken('0-0', 0, 5)).toBe(0)
})

test('pieces are all of the same size but the last, and hold the bytes in their order', () => {
  const chunks = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 20 })
  fc.assert(
    fc.property(chunks, fc.integer({ min: 1, max: 64 }), (given, pieceSize) => {
      const pieces = new Pieces(pieceSize)
      const full = given.flatMap((chunk) => [...pieces.add(chunk)])
      const rest = pieces.rest()
      expect(full.every(({ byteLength }) => byteLength === pieceSize)).toBe(true)
      expect(rest.byteLength).toBeLessThanOrEqual(pieceSize)
      expect(Buffer.concat([...full, rest]).equals(Buffer.concat(given))).toBe(true)
    }),
  )
})
