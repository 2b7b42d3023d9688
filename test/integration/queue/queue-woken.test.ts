import { has, type Provider } from '@dist/content'
import type { TargetOf } from '@dist/mirror'
import { allContent } from '@dist/testkit/fixtures'
import { waitFor } from '@dist/testkit/servers'
import { describe, expect, it } from 'vitest'
import { blobAt, imageOf } from '../../../packages/mirror/test/support/images.js'
import { type QueueWorld, reports, useQueue } from '../support/queue-world.js'

const queue = useQueue()
const reference = 'registry.test/a:1'

/** The store as a target, with the digests that were read from it. */
function recordingReads(world: QueueWorld): { target: TargetOf; reads: string[] } {
  const reads: string[] = []
  const provider: Provider = {
    open: (desc, options) => {
      reads.push(desc.digest)
      return world.content.open(desc, options)
    },
  }
  return { target: (of) => ({ ...world.target(of), provider }), reads }
}

/** The store as a target, with the digests that it was asked for after the first blob was fetched. */
function recordingQuestions(world: QueueWorld): { target: TargetOf; asked: string[] } {
  const asked: string[] = []
  const target: TargetOf = (of) => {
    const really = world.target(of)
    const missing: typeof really.missing = (descs, options) => {
      if (world.remote.fetches.length > 0) asked.push(...descs.map(({ digest }) => digest))
      return really.missing(descs, options)
    }
    return { ...really, missing }
  }
  return { target, asked }
}

describe('an image whose blobs have come', () => {
  it('is published without another look at its manifests', async () => {
    const world = queue()
    const image = imageOf(['x', 'y'])
    world.remote.push(image, reference)
    const { target, reads } = recordingReads(world)
    await Promise.all([world.coordinator({ target }), world.worker()])
    const { runs, run } = await world.submit(reference)
    expect(await world.ended(runs, run)).toMatchObject({ state: 'done', blobs: { total: 3, done: 3 } })
    expect(reads).toEqual([image.descriptor.digest])
    expect(await world.names.get(reference)).toMatchObject({ desc: { digest: image.descriptor.digest } })
    expect(await reports(runs.images(run))).toMatchObject([
      { state: 'done', upToDate: false, fetched: { objects: 4 }, shared: { objects: 0 } },
    ])
  })

  it('is published without a question about the blobs that workers have just stored', async () => {
    const world = queue()
    const image = imageOf(['x', 'y'])
    world.remote.push(image, reference)
    const { target, asked } = recordingQuestions(world)
    await Promise.all([world.coordinator({ target }), world.worker()])
    const { runs, run } = await world.submit(reference)
    expect(await world.ended(runs, run)).toMatchObject({ state: 'done', blobs: { done: 3 } })
    expect(asked).toEqual([image.descriptor.digest])
  })

  it('is published after a question about all of them when its plan is old', async () => {
    const world = queue()
    const image = imageOf(['x', 'y'])
    world.remote.push(image, reference)
    const { target, asked } = recordingQuestions(world)
    await Promise.all([world.coordinator({ target, tuning: { trusted: 0 } }), world.worker()])
    const { runs, run } = await world.submit(reference)
    expect(await world.ended(runs, run)).toMatchObject({ state: 'done', blobs: { done: 3 } })
    expect(asked.toSorted()).toEqual(
      allContent(image)
        .map(({ descriptor }) => descriptor.digest)
        .toSorted(),
    )
  })

  it('is published without a question about a blob that came late and was marked', async () => {
    const world = queue()
    const image = imageOf(['x'])
    world.remote.push(image, reference)
    const { target, asked } = recordingQuestions(world)
    const gate = world.remote.hold(blobAt(image, 1))
    const trusted = 4_000
    await Promise.all([
      world.coordinator({ target, tuning: { trusted } }),
      world.worker({ trustsAbsence: true }),
    ])
    const { runs, run } = await world.submit(reference)
    await gate.reached
    const since = performance.now()
    await waitFor(() => performance.now() - since > trusted, 'the plan to be old')
    gate.release()
    expect(await world.ended(runs, run)).toMatchObject({ state: 'done' })
    expect(asked.toSorted()).toEqual([image.descriptor.digest, blobAt(image, 0).digest].toSorted())
  })

  it('is planned again when the store has lost its manifest meanwhile, and is published whole', async () => {
    const world = queue()
    const image = imageOf(['x'])
    world.remote.push(image, reference)
    const { target, reads } = recordingReads(world)
    const gate = world.remote.hold(blobAt(image, 1))
    await Promise.all([world.coordinator({ target }), world.worker()])
    const { runs, run } = await world.submit(reference)
    await gate.reached
    await world.content.delete(image.descriptor.digest)
    gate.release()
    expect(await world.ended(runs, run)).toMatchObject({ state: 'done' })
    expect(reads).toEqual([image.descriptor.digest, image.descriptor.digest])
    expect(await has(world.content, image.descriptor)).toBe(true)
    expect(await world.names.get(reference)).toMatchObject({ desc: { digest: image.descriptor.digest } })
  })

  it('is published beside others', async () => {
    const world = queue()
    const references = [1, 2, 3, 4].map((i) => `registry.test/a:${i}`)
    for (const each of references) world.remote.push(imageOf([each]), each)
    let [active, peak] = [0, 0]
    const target = world.publishingBy(async (really) => {
      peak = Math.max(peak, ++active)
      await waitFor(() => peak > 1, 'another publication').finally(() => active--)
      return really()
    })
    await Promise.all([world.coordinator({ target, concurrency: 4 }), world.worker()])
    const { runs, run } = await world.submit(...references)
    expect(await world.ended(runs, run)).toMatchObject({ state: 'done', images: { done: 4 } })
  })

  it('leaves no completed blob job in Redis', async () => {
    const world = queue()
    world.remote.push(imageOf(['x']), reference)
    await Promise.all([world.coordinator(), world.worker()])
    const { runs, run } = await world.submit(reference)
    await world.ended(runs, run)
    expect(await world.connect().keys(`{dist}:blobs:${run}*`)).toEqual([])
  })
})
