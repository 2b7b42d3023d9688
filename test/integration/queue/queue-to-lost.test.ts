import type { FixtureImage } from '@dist/testkit/fixtures'
import { describe, expect, it } from 'vitest'
import { blobAt } from '../../../packages/mirror/test/support/images.js'
import { PushWorld } from '../support/queue-pushes.js'
import { reports, useQueue } from '../support/queue-world.js'

const queue = useQueue()

/** A coordinator and a worker that send images to a registry. */
async function pushing(): Promise<PushWorld> {
  const pushing = new PushWorld(queue())
  await Promise.all([pushing.coordinator(), pushing.worker()])
  return pushing
}

describe('R33 blobs that a registry lacks though it reported them as present or mounted', () => {
  it('are sent once more, and the image is published', async () => {
    const at = await pushing()
    const { world, registry } = at
    const { images, references } = at.source(['base', 'a', 'b'], ['base', 'c'])
    const lost = [0, 1, 2].map((n) => blobAt(images[0] as FixtureImage, n))
    for (const { digest } of lost) registry.lost.add(digest)
    const { runs, run } = await at.submit(...references)
    expect(await world.ended(runs, run)).toMatchObject({ state: 'done', blobs: { failed: 0 } })
    for (const [i, { descriptor }] of images.entries())
      expect(await registry.image(`mirror/team/${i}`, '1')).toBe(descriptor.digest)
    for (const { digest } of lost.slice(1))
      expect(registry.received(`PUT mirror/team/0/blobs/${digest}`)).toHaveLength(1)
    expect(world.remote.resolutions).toHaveLength(2)
  })

  it('are named when the registry still lacks them, and not sent a third time', async () => {
    const at = await pushing()
    const { world, registry } = at
    const { images, references } = at.source(['a', 'b'])
    const lost = blobAt(images[0] as FixtureImage, 1).digest
    registry.onRequest = (request) => {
      if (request.startsWith('PUT mirror/team/0/manifests/'))
        void registry.repository('mirror/team/0').blobs.delete(lost)
    }
    const { runs, run } = await at.submit(...references)
    expect(await world.ended(runs, run)).toMatchObject({ state: 'failed' })
    const [failure] = await reports(runs.failed(run))
    expect(failure?.error).toMatchObject({
      code: 'MALFORMED',
      message: expect.stringContaining(`it lacks ${lost}`),
    })
    expect(registry.received(`PUT mirror/team/0/blobs/${lost}`)).toHaveLength(2)
  })

  it('fail their image with their own error when they cannot be fetched again', async () => {
    const at = await pushing()
    const { world, registry } = at
    const { images, references } = at.source(['a', 'b'])
    const lost = blobAt(images[0] as FixtureImage, 1).digest
    registry.lost.add(lost)
    world.remote.forget(lost)
    const { runs, run } = await at.submit(...references)
    expect(await world.ended(runs, run)).toMatchObject({ state: 'failed' })
    const [failure] = await reports(runs.failed(run))
    expect(failure).toMatchObject({ failures: [{ digest: lost, code: 'NOT_FOUND' }] })
    expect(await registry.image('mirror/team/0', '1')).toBeUndefined()
  })
})
