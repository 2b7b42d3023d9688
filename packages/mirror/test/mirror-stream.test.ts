import { type EngineOptions, storeTarget } from '@dist/mirror'
import { parseReference, type Reference } from '@dist/reference'
import { createHostLimiter } from '@dist/remotes'
import { expect, it } from 'vitest'
import { mirrorImages } from '../src/embedded.js'
import { errorOf } from './support/errors.js'
import { blobAt, imageOf } from './support/images.js'
import { newWorld } from './support/world.js'

const name = (i: number) => `registry.test/app:${i}`

interface StreamOptions extends Partial<EngineOptions> {
  references?: AsyncIterable<Reference>
}

/** A world with many names of one image, and the outcomes of mirroring them. */
function newStream(count: number, { references, ...options }: StreamOptions = {}) {
  const world = newWorld()
  const image = imageOf(['x'])
  for (let i = 0; i < count; i++) world.remote.push(image, name(i))
  const all = Array.from({ length: count }, (_, i) => parseReference(name(i)))
  const dependencies = {
    source: world.remote,
    target: storeTarget(world.content, world.names),
    ingest: world.ingestTask,
    hosts: createHostLimiter(),
  }
  const outcomes = mirrorImages(references ?? all, dependencies, { platforms: 'all', ...options })
  return { world, outcomes }
}

it('yields the outcome of an image when it ends, before that of an earlier one', async () => {
  const { world, outcomes } = newStream(3)
  const slow = imageOf(['slow'])
  world.remote.push(slow, name(1))
  const gate = world.remote.hold(blobAt(slow, 1))
  const indexes = [await outcomes.next(), await outcomes.next()].map(({ value }) => value?.index)
  expect(indexes).toEqual([0, 2])
  gate.release()
  expect((await outcomes.next()).value?.index).toBe(1)
  expect((await outcomes.next()).done).toBe(true)
})

it('begins no more images than a slow consumer takes', async () => {
  const { world, outcomes } = newStream(1_000, { policy: { requests: 1 } })
  const begun = () => world.remote.resolutions.length
  await outcomes.next()
  // Outcomes that wait for the consumer, and images that may have begun.
  await expect.poll(begun, { timeout: 20_000 }).toBeGreaterThanOrEqual(256 + 2 * 64 - 1)
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(begun()).toBeLessThan(500)
  let rest = 0
  for await (const { error } of outcomes) rest += error === undefined ? 1 : 0
  expect(rest).toBe(999)
})

it('cancels the images that have begun if the consumer stops', async () => {
  const { world, outcomes } = newStream(3)
  const slow = imageOf(['slow'])
  world.remote.push(slow, name(1))
  const gate = world.remote.hold(blobAt(slow, 1))
  await Promise.all([outcomes.next(), gate.reached])
  // Never released: this ends only if the transfer is aborted.
  await outcomes.return()
  await expect(world.names.get(name(1))).rejects.toEqual(errorOf('NOT_FOUND'))
})

it('throws the error of references that break off behind the outcomes before it', async () => {
  const broken = async function* () {
    yield parseReference(name(0))
    yield parseReference(name(1))
    throw new Error('the listing broke off')
  }
  const { outcomes } = newStream(2, { references: broken() })
  const indexes: number[] = []
  const all = async () => {
    for await (const { index } of outcomes) indexes.push(index)
  }
  await expect(all()).rejects.toThrow('the listing broke off')
  expect(indexes.sort()).toEqual([0, 1])
})
