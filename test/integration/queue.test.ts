import { describe, expect, it } from 'vitest'
import { imageOf } from '../../packages/mirror/test/support/images.js'
import { reports, useQueue } from './support/queue.js'

const queue = useQueue()

describe('a run', () => {
  it('mirrors images that share layers, each distinct blob transferred once', async () => {
    const world = queue()
    await Promise.all([world.coordinator(), world.coordinator(), world.worker(), world.worker()])
    const images = Array.from({ length: 40 }, (_, i) => imageOf(['base', `layer-${i % 7}`, `own-${i}`]))
    const references = images.map((_, i) => `registry.test/a:${i}`)
    for (const [i, image] of images.entries()) world.remote.push(image, references[i] ?? '')
    const runs = world.runs()
    const run = await runs.submit({ references, platforms: 'all' })
    const status = await world.ended(runs, run)
    expect(status).toMatchObject({
      state: 'done',
      store: 'store-1',
      images: { total: 40, done: 40, failed: 0, active: 0 },
    })
    for (const fetched of new Set(world.remote.fetches))
      expect(world.remote.fetchesOf({ digest: fetched })).toBe(1)
    const published = await Promise.all(references.map((reference) => world.names.get(reference)))
    expect(published.map(({ desc }) => desc.digest)).toEqual(
      images.map(({ descriptor }) => descriptor.digest),
    )
    const all = await reports(runs.images(run))
    expect(all.map(({ index, reference, state }) => ({ index, reference, state }))).toEqual(
      references.map((reference, index) => ({ index, reference, state: 'done' })),
    )
    expect(status.blobs.done).toBe(status.blobs.total)
    expect(status.blobs.failed).toBe(0)
    expect(status.bytes.fetched).toBe(status.bytes.total)
  })
})
