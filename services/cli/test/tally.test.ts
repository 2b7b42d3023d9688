import type { MirrorEvent, ObjectState, Plan } from '@dist/mirror'
import { type Descriptor, digestOf, mediaTypes } from '@dist/oci'
import { expect, it } from 'vitest'
import { Tally } from '../src/progress/run/tally.js'

const layer = (name: string, size: number): Descriptor => ({
  mediaType: mediaTypes.ociLayerGzip,
  digest: digestOf(name),
  size,
})
const a = layer('a', 100)
const b = layer('b', 50)

const image = (
  reference: string,
  state: 'resolving' | 'planned' | 'done' | 'failed' | 'canceled',
  missing?: Descriptor[],
) =>
  ({
    type: 'image',
    reference,
    state,
    ...(missing === undefined ? {} : { plan: { missing } as unknown as Plan }),
  }) as MirrorEvent
const blob = (reference: string, desc: Descriptor, state: ObjectState, offset: number): MirrorEvent => ({
  type: 'object',
  reference,
  desc,
  state,
  offset,
})

function tallied(...events: MirrorEvent[]): Tally {
  const tally = new Tally(3)
  for (const event of events) tally.apply(event)
  return tally
}

it('planned, fetched and done blobs are counted', () => {
  const tally = tallied(
    image('x', 'resolving'),
    image('x', 'planned', [a, b]),
    blob('x', a, 'downloading', 0),
  )
  tally.apply(blob('x', a, 'downloading', 40))
  expect(tally.picture).toEqual({
    images: { total: 3, done: 0, failed: 0, canceled: 0, active: 1 },
    blobs: { total: 2, done: 0, failed: 0 },
    bytes: { total: 150, fetched: 40 },
  })
  expect(tally.inFlight).toEqual([{ name: 'x', state: 'fetching', bytes: { present: 40, total: 150 } }])
  tally.apply(blob('x', a, 'done', 100))
  tally.apply(blob('x', b, 'done', 50))
  tally.apply(image('x', 'done'))
  expect(tally.picture).toEqual({
    images: { total: 3, done: 1, failed: 0, canceled: 0, active: 0 },
    blobs: { total: 2, done: 2, failed: 0 },
    bytes: { total: 150, fetched: 150 },
  })
  expect(tally.inFlight).toEqual([])
})

it('a blob that another image fetched is not counted twice', () => {
  const tally = tallied(image('x', 'planned', [a]), image('y', 'planned', [a]))
  tally.apply(blob('x', a, 'done', 100))
  tally.apply(blob('y', a, 'exists', 100))
  expect(tally.picture.bytes).toEqual({ total: 100, fetched: 100 })
  expect(tally.picture.blobs).toEqual({ total: 1, done: 1, failed: 0 })
})

it('bytes of an earlier transfer are not counted', () => {
  const tally = tallied(
    image('x', 'planned', [a]),
    blob('x', a, 'downloading', 60),
    blob('x', a, 'done', 100),
  )
  expect(tally.picture.bytes).toEqual({ total: 40, fetched: 40 })
})

it('a shared blob counts once, also before it is fetched', () => {
  const tally = tallied(image('x', 'planned', [a]), image('y', 'planned', [a, b]))
  expect(tally.picture.bytes).toEqual({ total: 150, fetched: 0 })
  expect(tally.picture.blobs).toEqual({ total: 2, done: 0, failed: 0 })
})

it('a shared blob that fails for one image and is fetched for another is done, not failed', () => {
  const tally = tallied(image('x', 'planned', [a]), image('y', 'planned', [a]))
  tally.apply(blob('x', a, 'downloading', 0))
  tally.apply(blob('x', a, 'downloading', 30))
  tally.apply(blob('x', a, 'failed', 0))
  tally.apply(image('x', 'failed'))
  expect(tally.picture.blobs).toEqual({ total: 1, done: 0, failed: 0 })
  tally.apply(blob('y', a, 'downloading', 30))
  tally.apply(blob('y', a, 'done', 100))
  tally.apply(image('y', 'done'))
  expect(tally.picture.blobs).toEqual({ total: 1, done: 1, failed: 0 })
  expect(tally.picture.bytes).toEqual({ total: 100, fetched: 100 })
})

it('every image counts once, also images that an interruption prevented from starting', () => {
  const tally = tallied(image('x', 'planned', [a]), image('y', 'resolving'))
  tally.apply(image('x', 'done'))
  tally.apply(image('y', 'canceled'))
  tally.apply(image('z', 'canceled'))
  expect(tally.picture.images).toEqual({ total: 3, done: 1, failed: 0, canceled: 2, active: 0 })
})

it('failures are counted, manifests are not', () => {
  const index = { ...a, mediaType: mediaTypes.ociIndex }
  const tally = tallied(image('x', 'planned', [a]), blob('x', index, 'done', 100), blob('x', a, 'failed', 0))
  tally.apply(image('x', 'failed'))
  expect(tally.picture).toMatchObject({
    images: { done: 0, failed: 1, active: 0 },
    blobs: { total: 1, done: 0, failed: 1 },
  })
})
