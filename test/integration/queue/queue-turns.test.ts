import type { Source } from '@dist/mirror'
import { waitFor } from '@dist/testkit/servers'
import { describe, expect, it } from 'vitest'
import { imageOf } from '../../../packages/mirror/test/support/images.js'
import { type QueueWorld, useQueue } from '../support/queue-world.js'

const queue = useQueue()

/** Pushes images to a host; returns their references. */
function pushTo(world: QueueWorld, host: string, count: number): string[] {
  const image = imageOf(['x'])
  return Array.from({ length: count }, (_, i) => {
    const reference = `${host}/a:${i}`
    world.remote.push(image, reference)
    return reference
  })
}

/** The hosts in the order of the requests. */
function asked({ remote }: QueueWorld): string[] {
  return remote.resolutions.map(({ reference }) => reference.split('/')[0] ?? '')
}

/** The registries of the world. One of them never answers. */
function silent(world: QueueWorld, host: string): Source & { readonly asked: string[] } {
  const asked: string[] = []
  return {
    asked,
    fetcher: () => world.remote.fetcher(),
    resolve: async (reference, options) => {
      if (reference.host !== host) return world.remote.resolve(reference, options)
      asked.push(reference.repository)
      return new Promise((_, reject) => {
        options?.signal?.addEventListener('abort', () => reject(options.signal?.reason))
      })
    },
  }
}

describe('the images of a run', () => {
  it('are taken in turns of hosts, whatever their order', async () => {
    const world = queue()
    const references = [...pushTo(world, 'one.test', 6), ...pushTo(world, 'two.test', 6)]
    const { runs, run } = await world.submit(...references)
    await world.coordinator({ concurrency: 1 })
    await world.worker()
    await world.ended(runs, run)
    const first = asked(world).slice(0, 6)
    expect(first.filter((host) => host === 'two.test')).toHaveLength(3)
  })

  it('go before those of other runs when a person waits for them', async () => {
    const world = queue()
    const bulk = pushTo(world, 'bulk.test', 150)
    const { runs, run } = await world.submit(...bulk)
    const [wanted = ''] = pushTo(world, 'wanted.test', 1)
    const byHand = await runs.submit({ references: [wanted], platforms: 'all', byHand: true })
    await world.coordinator({ concurrency: 1 })
    await world.worker()
    expect(await world.ended(runs, byHand)).toMatchObject({ state: 'done' })
    expect((await runs.status(run)).images.done).toBeLessThan(75)
    await world.ended(runs, run)
  })

  it('of a host that never answers do not delay others, and one request at a time asks it', async () => {
    const world = queue()
    const dead = pushTo(world, 'dead.test', 60)
    const good = pushTo(world, 'good.test', 100)
    const source = silent(world, 'dead.test')
    const { runs, run } = await world.submit(...dead, ...good)
    await world.coordinator({ source, concurrency: 4 })
    await world.worker()
    const goodDone = async () => (await runs.status(run)).images.done === good.length
    await waitFor(goodDone, 'all images of the good host', 15_000)
    expect(source.asked).toHaveLength(1)
    await runs.cancel(run)
  })
})
