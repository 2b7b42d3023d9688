import { digestOf } from '@dist/oci'
import type { CoordinatorParts, WorkerParts } from '@dist/queue'
import { createHostLimiter } from '@dist/remotes'
import type { FixtureImage } from '@dist/testkit/fixtures'
import { waitFor } from '@dist/testkit/servers'
import { beforeEach, describe, expect, it } from 'vitest'
import { blobAt, twoPlatforms } from '../../../packages/mirror/test/support/images.js'
import { artifactOf } from '../../../packages/mirror/test/support/pushing.js'
import type { PushedRegistry } from '../../../packages/mirror/test/support/registry.js'
import { coordinatingTo, PushWorld, to } from '../support/queue-pushes.js'
import { type QueueWorld, reports, useQueue } from '../support/queue-world.js'
import { noLocker, Victim } from '../support/victim.js'

const queue = useQueue()
const tuning = { lockDuration: 800 }

let pushing: PushWorld
let world: QueueWorld
let registry: PushedRegistry
beforeEach(() => {
  pushing = new PushWorld(queue())
  ;({ world, registry } = pushing)
})

const coordinator = (parts: Partial<CoordinatorParts> = {}) => pushing.coordinator(parts)
const worker = (parts: Partial<WorkerParts> = {}) => pushing.worker(parts)
const submit = (...references: string[]) => pushing.submit(...references)
const source = (...layers: string[][]) => pushing.source(...layers)

/** What was written to the store. */
async function stored(): Promise<string[]> {
  const found: string[] = []
  for await (const { digest } of world.content.walk()) found.push(digest)
  for await (const { name } of world.names.list()) found.push(name)
  return found
}

describe('a run to a registry', () => {
  it('sends images, reads each blob once from its source, and writes nothing to the store', async () => {
    await Promise.all([coordinator(), coordinator(), worker(), worker()])
    const { images, references } = source(['base', 'a'], ['base', 'b'], ['base', 'c'])
    const { runs, run } = await submit(...references)
    const status = await world.ended(runs, run)
    expect(status).toMatchObject({ state: 'done', to, store: '', images: { done: 3 }, blobs: { failed: 0 } })
    for (const [i, { descriptor }] of images.entries())
      expect(await registry.image(`mirror/team/${i}`, '1')).toBe(descriptor.digest)
    const base = blobAt(images[0] as FixtureImage, 1)
    expect(world.remote.fetchesOf(base)).toBe(1)
    expect(registry.received(`MOUNT mirror/team/`).filter((each) => each.includes(base.digest))).toHaveLength(
      2,
    )
    expect(await stored()).toEqual([])
  })

  it('reads a manifest once from its source, though its image is observed twice', async () => {
    await Promise.all([coordinator(), worker()])
    const { index } = twoPlatforms()
    world.remote.push(index, 'quay.io/team/0:1')
    const { runs, run } = await submit('quay.io/team/0:1')
    expect(await world.ended(runs, run)).toMatchObject({ state: 'done' })
    for (const { descriptor } of [index, ...index.children])
      expect(world.remote.fetchesOf(descriptor)).toBeLessThanOrEqual(1)
    // An index, two manifests, two configurations and three layers.
    const [report] = await reports(runs.images(run))
    expect(report).toMatchObject({ state: 'done', fetched: { objects: 8 }, shared: { objects: 0 } })
  })

  it('sends the referrers of an image', async () => {
    await Promise.all([coordinator(), worker()])
    const { images, references } = source(['a'])
    const [image] = images
    const signature = artifactOf((image as FixtureImage).descriptor, 'signature')
    world.remote.push(signature, 'quay.io/team/0:signature')
    world.remote.refer((image as FixtureImage).descriptor, signature.descriptor)
    const { runs, run } = await submit(...references)
    expect(await world.ended(runs, run)).toMatchObject({ state: 'done' })
    const { digest } = signature.descriptor
    expect(await registry.image('mirror/team/0', digest)).toBe(digest)
  })

  it('sends the manifest alone for one platform of an index', async () => {
    await Promise.all([coordinator(), worker()])
    const { index, arm64 } = twoPlatforms()
    world.remote.push(index, 'quay.io/team/0:1')
    const runs = world.runs()
    const references = [`quay.io/team/0:1@${index.descriptor.digest}`]
    const run = await runs.submit({ references, platforms: ['linux/arm64'], to })
    expect(await world.ended(runs, run)).toMatchObject({ state: 'done' })
    expect(await registry.image('mirror/team/0', '1')).toBe(arm64.descriptor.digest)
  })

  it('does nothing the second time', async () => {
    await Promise.all([coordinator(), worker()])
    const { references } = source(['a'], ['b'])
    const first = await submit(...references)
    await world.ended(first.runs, first.run)
    world.remote.fetches.length = 0
    const { runs, run } = await submit(...references)
    expect(await world.ended(runs, run)).toMatchObject({ state: 'done', blobs: { total: 0 } })
    expect(world.remote.fetches).toEqual([])
    for (const report of await reports(runs.images(run))) expect(report).toMatchObject({ upToDate: true })
  })

  it('works with any store of the services, and beside runs into it', async () => {
    await Promise.all([coordinator(), worker()])
    const { images, references } = source(['a'])
    const runs = world.runs()
    const [into, there] = await Promise.all([
      runs.submit({ references, platforms: 'all', store: 'store-1' }),
      runs.submit({ references, platforms: 'all', to }),
    ])
    for (const run of [into, there]) expect(await world.ended(runs, run)).toMatchObject({ state: 'done' })
    expect((await world.names.get(references[0] ?? '')).desc.digest).toBe(images[0]?.descriptor.digest)
    expect(await registry.image('mirror/team/0', '1')).toBe(images[0]?.descriptor.digest)
  })

  it.each([
    ['that is none', { to: 'mirror' }],
    ['with credentials (Q14)', { to: 'me:secret@registry.example.com/mirror' }],
    ['beside a store', { to, store: 'store-1' }],
    ['of a verification', { to, kind: 'verify' as const }],
  ])('to a destination %s is refused when it is submitted', async (_, request) => {
    const runs = world.runs()
    const refused = runs.submit({ references: [], platforms: 'all', ...request })
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(refused).rejects.not.toThrow('secret')
    expect(await runs.list()).toEqual([])
  })

  it('waits for a paused host of its destination like for that of its source (R23)', async () => {
    const hosts = createHostLimiter()
    const host = 'registry.example.com'
    const { target: targetOf } = coordinatingTo(registry, world)
    const target: typeof targetOf = (reference, to) => {
      const target = targetOf(reference, to)
      const published = target.published.bind(target)
      const asking: typeof published = async (...args) => {
        const permit = await hosts.acquire(host)
        permit.release()
        return published(...args)
      }
      return Object.assign(target, { published: asking })
    }
    await Promise.all([coordinator({ hosts, target }), worker({ hosts })])
    const { references } = source(['a'])
    await hosts.pause(host, 1_500, `${host} is asked too much (429)`)
    const { runs, run } = await submit(...references)
    const delayed = () => world.events.some((event) => event.type === 'image' && event.state === 'delayed')
    await waitFor(delayed, 'a look at the image')
    expect(world.remote.resolutions).toEqual([])
    expect(await world.ended(runs, run)).toMatchObject({ state: 'done' })
  })
})

describe('after a failure', () => {
  it('an image with a missing blob is not tagged and names it; other images are tagged (Q4)', async () => {
    await Promise.all([coordinator(), worker()])
    const { images, references } = source(['a'], ['b'])
    const lost = blobAt(images[0] as FixtureImage, 1)
    world.remote.forget(lost.digest)
    const { runs, run } = await submit(...references)
    expect(await world.ended(runs, run)).toMatchObject({ state: 'failed', images: { done: 1, failed: 1 } })
    expect(await registry.image('mirror/team/0', '1')).toBeUndefined()
    expect(await registry.image('mirror/team/1', '1')).toBeDefined()
    const [failure] = await reports(runs.failed(run))
    expect(failure).toMatchObject({ failures: [{ digest: lost.digest, code: 'NOT_FOUND' }] })
    world.remote.push(images[0] as FixtureImage, references[0] ?? '')
    expect(await runs.retry(run)).toBe(1)
    expect(await world.ended(runs, run)).toMatchObject({ state: 'done', images: { done: 2 } })
    expect(await registry.image('mirror/team/0', '1')).toBeDefined()
  })

  it('a worker that is killed in the middle of a blob is replaced by another (Q2)', async () => {
    const { images, references } = source(['a', 'b'])
    const victim = new Victim(world)
    const gate = world.remote.hold(blobAt(images[0] as FixtureImage, 1))
    await Promise.all([
      coordinator({ tuning }),
      worker({ connect: victim.connect, tuning, locker: noLocker }),
    ])
    const { runs, run } = await submit(...references)
    await gate.reached
    void victim.die()
    await worker({ tuning })
    expect(await world.ended(runs, run, 20_000)).toMatchObject({ state: 'done', blobs: { done: 3 } })
    expect(await registry.image('mirror/team/0', '1')).toBeDefined()
  })

  it('a blob job that is delivered twice at the same time counts once (Q1)', async () => {
    const { images, references } = source(['a', 'b'])
    const held = blobAt(images[0] as FixtureImage, 1)
    const doubled = { lockDuration: 400, stalledInterval: 100, maxStalled: 1_000 }
    const stopped = new Victim(world).neverRenewing('blobs')
    const gate = world.remote.hold(held)
    const parts = { tuning: doubled, locker: noLocker }
    await coordinator()
    const first = await worker({ ...parts, connect: stopped.connect, concurrency: 4 })
    const { runs, run } = await submit(...references)
    await gate.reached
    await worker(parts)
    await waitFor(() => world.remote.fetchesOf(held) === 2, 'the second delivery')
    gate.release()
    const status = await world.ended(runs, run)
    expect(status).toMatchObject({ state: 'done', blobs: { total: 3, done: 3, failed: 0 } })
    await waitFor(() => first.active === 0, 'the end of the first delivery')
    expect(await registry.image('mirror/team/0', '1')).toBe(images[0]?.descriptor.digest)
  })

  it('a coordinator that is killed before it puts the tag is replaced by another; the tag is last (S16)', async () => {
    const { images, references } = source(['a', 'b'])
    const victim = new Victim(world)
    registry.onRequest = (request) => {
      if (request !== 'PUT mirror/team/0/manifests/1') return
      registry.onRequest = () => {}
      void victim.die()
      throw new Error('it is dead')
    }
    await Promise.all([coordinator({ connect: victim.connect, tuning }), worker({ tuning })])
    const { runs, run } = await submit(...references)
    await victim.died
    expect(await registry.image('mirror/team/0', '1')).toBeUndefined()
    await coordinator({ tuning })
    expect(await world.ended(runs, run, 20_000)).toMatchObject({ state: 'done' })
    expect(await registry.image('mirror/team/0', '1')).toBe(images[0]?.descriptor.digest)
    expect(world.remote.resolutions).toHaveLength(1)
  })

  it('a canceled run puts no more tags', async () => {
    const { images, references } = source(['a'])
    const gate = world.remote.hold(blobAt(images[0] as FixtureImage, 1))
    await Promise.all([coordinator(), worker()])
    const { runs, run } = await submit(...references)
    await gate.reached
    await runs.cancel(run)
    const canceled = () => world.events.some((event) => event.type === 'image' && event.state === 'canceled')
    await waitFor(canceled, 'the end of the image')
    expect(await runs.status(run)).toMatchObject({ state: 'canceled', images: { active: 0 } })
    expect(await registry.image('mirror/team/0', '1')).toBeUndefined()
  })

  it('the payloads have the destination and no credentials (Q14)', async () => {
    await coordinator()
    const { references } = source(['a'])
    const { runs, run } = await submit(...references)
    await waitFor(async () => (await runs.status(run)).blobs.total === 2, 'the plan')
    const admin = world.connect()
    const [id = ''] = await admin.zrange('{dist}:blobs:prioritized', '0', '0')
    const data = JSON.parse((await admin.hget(`{dist}:blobs:${id}`, 'data')) ?? '')
    expect(data).toMatchObject({
      v: 2,
      run,
      to: { host: 'registry.example.com', repository: 'mirror/team/0' },
    })
    const keys = ['attempt', 'desc', 'image', 'index', 'run', 'to', 'v']
    expect(Object.keys(data).sort()).toEqual(keys)
    expect(data.desc.digest).not.toBe(digestOf(''))
  })
})
