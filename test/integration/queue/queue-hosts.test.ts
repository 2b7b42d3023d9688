import { DistError } from '@dist/errdefs'
import type { BlobTask, IngestOptions, Source } from '@dist/mirror'
import { createHostLimiter, type HostLimiter, type Permit } from '@dist/remotes'
import { waitFor } from '@dist/testkit/servers'
import { describe, expect, it } from 'vitest'
import { blobAt, imageOf } from '../../../packages/mirror/test/support/images.js'
import { type QueueWorld, reports, useQueue } from '../support/queue-world.js'

const queue = useQueue()

describe('a paused host', () => {
  it('has its blobs delayed without using an attempt, others go on', async () => {
    const world = queue()
    const hosts = createHostLimiter()
    await hosts.pause('busy.test', 60_000, 'busy.test is asked too much (429)')
    const transfer = async (task: BlobTask, options: IngestOptions) => {
      using _permit = permitOf(await hosts.acquire(task.source.host))
      return world.transfer(task, options)
    }
    await Promise.all([world.coordinator(), world.worker({ hosts, transfer, tuning: { attempts: 1 } })])
    world.remote.push(imageOf(['a']), 'busy.test/a:1')
    world.remote.push(imageOf(['b']), 'registry.test/b:1')
    const { runs, run } = await world.submit('busy.test/a:1', 'registry.test/b:1')
    const delayed = () => world.events.some((event) => event.type === 'blob' && event.state === 'delayed')
    await waitFor(async () => delayed() && (await runs.status(run)).images.done === 1, 'the other image')
    expect(world.remote.fetchesOf(blobAt(imageOf(['a']), 1))).toBe(0)
    expect(await runs.status(run)).toMatchObject({ state: 'running', images: { failed: 0 } })
    await runs.cancel(run)
  })

  it('has its images delayed, and tried again after its pause', async () => {
    const world = queue()
    const hosts = createHostLimiter()
    const source = asking(world, hosts)
    await Promise.all([world.coordinator({ source, hosts, tuning: { attempts: 1 } }), world.worker()])
    world.remote.push(imageOf(['a']), 'busy.test/a:1')
    await hosts.pause('busy.test', 1_500, 'busy.test is asked too much (429)')
    const { runs, run } = await world.submit('busy.test/a:1')
    expect(await world.ended(runs, run)).toMatchObject({ state: 'done' })
    expect(world.events).toContainEqual(expect.objectContaining({ type: 'image', state: 'delayed' }))
  })

  it('fails all its images after `HostPolicy.firstPatience`, and no others', async () => {
    const world = queue()
    const policy = { firstProbe: 50, longestProbe: 100, firstPatience: 0, patience: 3_600_000 }
    const hosts = createHostLimiter(policy)
    const source = asking(world, hosts, 'dead.test')
    await Promise.all([world.coordinator({ source, hosts, policy }), world.worker()])
    const dead = Array.from({ length: 20 }, (_, i) => `dead.test/a:${i}`)
    world.remote.push(imageOf(['b']), 'registry.test/b:1')
    const { runs, run } = await world.submit(...dead, 'registry.test/b:1')
    expect(await world.ended(runs, run)).toMatchObject({ state: 'failed', images: { done: 1, failed: 20 } })
    for (const { error } of (await reports(runs.images(run))).slice(0, 20))
      expect(error).toMatchObject({
        code: 'UNAVAILABLE',
        message: expect.stringMatching(/^dead.test refuses/),
      })
  })

  it('is waited for longer when it has answered in the run', async () => {
    const world = queue()
    const policy = { firstProbe: 50, longestProbe: 100, firstPatience: 0, patience: 3_600_000 }
    const hosts = createHostLimiter(policy)
    let away = false
    const source = asking(world, hosts, () => (away ? 'flaky.test' : ''))
    await Promise.all([world.coordinator({ source, hosts, policy, concurrency: 1 }), world.worker()])
    const references = Array.from({ length: 8 }, (_, i) => `flaky.test/a:${i}`)
    for (const reference of references) world.remote.push(imageOf(['a']), reference)
    const { runs, run } = await world.submit(...references)
    await waitFor(() => world.remote.resolutions.length > 1, 'the first answers')
    away = true
    await waitFor(async () => (await hosts.state('flaky.test')).pausedUntil !== undefined, 'the trouble')
    away = false
    expect(await world.ended(runs, run)).toMatchObject({ state: 'done', images: { failed: 0 } })
  })
})

describe('a quota that is nearly used up', () => {
  it('R42 has images that need a pull wait without using an attempt; others go on, and one of them tries in an interval', async () => {
    const world = queue()
    const hosts = createHostLimiter({ quotaInterval: 1_500 })
    const quota = { source: '', remaining: 2, limit: 100 }
    await hosts.told('hub.test', quota)
    const tries: number[] = []
    const source: Source = {
      fetcher: () => world.remote.fetcher(),
      resolve: async (reference, options) => {
        if (reference.host === 'hub.test' && (await hosts.admitPull('hub.test')) === 'ask') {
          tries.push(performance.now())
          await hosts.told('hub.test', { ...quota, remaining: tries.length > 1 ? 50 : 0 })
          await hosts.admitPull('hub.test')
        }
        return world.remote.resolve(reference, options)
      },
    }
    await Promise.all([world.coordinator({ source, hosts, tuning: { attempts: 1 } }), world.worker()])
    const references = Array.from({ length: 6 }, (_, i) => `hub.test/a:${i}`)
    for (const reference of references) world.remote.push(imageOf([reference]), reference)
    world.remote.push(imageOf(['b']), 'registry.test/b:1')
    const { runs, run } = await world.submit(...references, 'registry.test/b:1')
    const delayed = () => world.events.some((event) => event.type === 'image' && event.state === 'delayed')
    await waitFor(async () => delayed() && (await runs.status(run)).images.done >= 2, 'a wait beside an end')
    const ended = await world.ended(runs, run, 50_000)
    expect(ended).toMatchObject({ state: 'done', images: { done: 7, failed: 0 } })
    // Six images wait, and one of them asks.
    expect(tries.length).toBeLessThan(5)
  })
})

/** A permit that is released at the end of a block. */
function permitOf(permit: Permit): Disposable {
  return { [Symbol.dispose]: () => permit.release() }
}

/** The registries of the world behind a limiter. One of them refuses connections. */
function asking(world: QueueWorld, hosts: HostLimiter, refusing: string | (() => string) = ''): Source {
  const isRefusing = (host: string) => host === (typeof refusing === 'string' ? refusing : refusing())
  return {
    fetcher: () => world.remote.fetcher(),
    resolve: async (reference, options) => {
      const { host } = reference
      using _permit = permitOf(await hosts.acquire(host))
      if (!isRefusing(host)) {
        await hosts.answered(host)
        return world.remote.resolve(reference, options)
      }
      const because = `${host} refuses the connection`
      await hosts.failed(host, because)
      throw new DistError('UNAVAILABLE', because, { host, because })
    },
  }
}
