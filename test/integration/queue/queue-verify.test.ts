import { DistError } from '@dist/errdefs'
import type { ContentState } from '@dist/mirror'
import { digestOf } from '@dist/oci'
import type { FixtureImage } from '@dist/testkit/fixtures'
import { waitFor } from '@dist/testkit/servers'
import { beforeEach, describe, expect, it } from 'vitest'
import { blobAt, imageOf, twoPlatforms } from '../../../packages/mirror/test/support/images.js'
import { name, right, Verifying } from '../support/queue-verify.js'
import { type QueueWorld, reports, useQueue } from '../support/queue-world.js'

const queue = useQueue()
const missing: ContentState = { state: 'missing' }
const damaged: ContentState = { state: 'damaged', size: 3, digest: digestOf('abc') }
const away: ContentState = { state: 'unreadable', code: 'UNAVAILABLE', message: 'no answer', retryable: true }

let world: QueueWorld
let verifying: Verifying
beforeEach(() => {
  world = queue()
  verifying = new Verifying(world)
})

const shared = [imageOf(['base', 'a']), imageOf(['base', 'b']), imageOf(['c'])]
const base = blobAt(shared[0] as FixtureImage, 1)

describe('a verification', () => {
  it('without references reads all that the names need, each digest once', async () => {
    await verifying.store(...shared)
    await Promise.all([world.coordinator(), world.coordinator(), verifying.worker(), verifying.worker()])
    const { runs, run } = await verifying.submit()
    const status = await world.ended(runs, run)
    expect(status).toMatchObject({
      kind: 'verify',
      state: 'done',
      store: 'store-1',
      images: { total: 3, done: 3, failed: 0 },
    })
    const all = shared.flatMap(({ descriptor, blobs }) => [
      descriptor,
      ...blobs.map((blob) => blob.descriptor),
    ])
    expect([...verifying.reads].sort()).toEqual([...new Set(all.map(({ digest }) => digest))].sort())
    expect(status.bytes.fetched).toBe(status.bytes.total)
    const images = await reports(runs.images(run))
    expect(images.map(({ reference }) => reference).sort()).toEqual(shared.map((_, i) => name(i)))
    const read = images.reduce((sum, { fetched }) => sum + (fetched?.objects ?? 0), 0)
    expect(read).toBe(verifying.reads.length)
    const verified = world.events.filter((event) => event.type === 'blob' && event.state === 'verified')
    expect(verified).toHaveLength(verifying.reads.length)
  })

  it('of some images reads what they need', async () => {
    await verifying.store(...shared)
    await Promise.all([world.coordinator(), verifying.worker()])
    const { runs, run } = await verifying.submit(name(2))
    expect(await world.ended(runs, run)).toMatchObject({ state: 'done', images: { total: 1 } })
    expect(verifying.reads).toHaveLength(3)
  })

  it('reads only what the selection of an image needs', async () => {
    const { index, amd64, arm64 } = twoPlatforms()
    world.remote.push(index, name(0))
    const services = await Promise.all([world.coordinator(), world.worker()])
    const mirroring = world.runs()
    const first = await mirroring.submit({ references: [name(0)], platforms: ['linux/amd64'] })
    await world.ended(mirroring, first)
    await Promise.all(services.map((service) => service.stop()))
    await Promise.all([world.coordinator(), verifying.worker()])
    const { runs, run } = await verifying.submit()
    expect(await world.ended(runs, run)).toMatchObject({ state: 'done' })
    expect(verifying.reads).toContain(amd64.descriptor.digest)
    expect(verifying.reads).not.toContain(arm64.descriptor.digest)
  })

  it('of an empty store is done at once', async () => {
    await Promise.all([world.coordinator(), verifying.worker()])
    const { runs, run } = await verifying.submit()
    expect(await world.ended(runs, run)).toMatchObject({ state: 'done', images: { total: 0 } })
  })

  it('for another store than that of the services is refused', async () => {
    await world.coordinator()
    const refused = world.runs().submit({ kind: 'verify', references: [], platforms: 'all', store: 'other' })
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it('of a name that the store lacks fails that image', async () => {
    await Promise.all([world.coordinator(), verifying.worker()])
    const { runs, run } = await verifying.submit('registry.test/none:1')
    await world.ended(runs, run)
    expect(await reports(runs.failed(run))).toMatchObject([{ error: { code: 'NOT_FOUND' } }])
  })
})

describe('bad content', () => {
  it('fails every image that needs it with the reason, and is read once (Q4, S20)', async () => {
    await verifying.store(...shared)
    verifying.found.set(base.digest, [damaged])
    await Promise.all([world.coordinator(), verifying.worker(), verifying.worker()])
    const { runs, run } = await verifying.submit()
    expect(await world.ended(runs, run)).toMatchObject({ state: 'failed', images: { done: 1, failed: 2 } })
    const failed = await reports(runs.failed(run))
    expect(failed.map(({ reference }) => reference).sort()).toEqual([name(0), name(1)])
    for (const { error, failures } of failed) {
      expect(error).toMatchObject({
        code: 'FAILED_PRECONDITION',
        message: expect.stringContaining(base.digest),
      })
      expect(failures).toEqual([
        { digest: base.digest, code: 'FAILED_PRECONDITION', message: expect.stringContaining(damaged.state) },
      ])
    }
    expect(verifying.reads.filter((digest) => digest === base.digest)).toHaveLength(1)
  })

  it('is reported as missing or as damaged, each digest', async () => {
    await verifying.store(...shared)
    const [first] = shared
    const own = blobAt(first as FixtureImage, 2)
    verifying.found.set(base.digest, [missing])
    verifying.found.set(own.digest, [damaged])
    await Promise.all([world.coordinator(), verifying.worker()])
    const { runs, run } = await verifying.submit(name(0), name(1))
    await world.ended(runs, run)
    const [both, one] = await reports(runs.failed(run))
    expect(both?.failures?.map(({ digest, code }) => [digest, code])).toEqual([
      [own.digest, 'FAILED_PRECONDITION'],
      [base.digest, 'NOT_FOUND'],
    ])
    expect(one?.error).toMatchObject({ code: 'NOT_FOUND' })
  })

  it('is not read again within its job; unreadable content is, after pauses (Q11)', async () => {
    await verifying.store(...shared)
    verifying.found.set(base.digest, [damaged])
    const own = blobAt(shared[2] as FixtureImage, 1)
    verifying.found.set(own.digest, [away, away, right])
    await Promise.all([world.coordinator(), verifying.worker()])
    const { runs, run } = await verifying.submit()
    expect(await world.ended(runs, run)).toMatchObject({ images: { done: 1, failed: 2 } })
    expect(verifying.reads.filter((digest) => digest === base.digest)).toHaveLength(1)
    expect(verifying.reads.filter((digest) => digest === own.digest)).toHaveLength(3)
  })

  it('is read again by a retry, and only that', async () => {
    await verifying.store(...shared)
    verifying.found.set(base.digest, [damaged, right])
    await Promise.all([world.coordinator(), verifying.worker()])
    const { runs, run } = await verifying.submit()
    await world.ended(runs, run)
    verifying.reads.length = 0
    expect(await runs.retry(run)).toBe(2)
    expect(await world.ended(runs, run)).toMatchObject({ state: 'done', images: { done: 3, failed: 0 } })
    expect(verifying.reads).toEqual([base.digest])
  })

  it('is found when it is a manifest, too', async () => {
    await verifying.store(...shared)
    const { digest } = (shared[2] as FixtureImage).descriptor
    await world.content.delete(digest)
    await Promise.all([world.coordinator(), verifying.worker()])
    const { runs, run } = await verifying.submit()
    await world.ended(runs, run)
    expect(await reports(runs.failed(run))).toMatchObject([
      { reference: name(2), failures: [{ digest, code: 'NOT_FOUND' }] },
    ])
  })
})

it('many names are listed in chunks; a name that is deleted meanwhile fails nothing', async () => {
  await verifying.store(...shared)
  const image = await world.names.get(name(0))
  for (let i = 0; i < 1_200; i++) await world.names.put({ ...image, name: `registry.test/many:${i}` })
  const { runs, run } = await verifying.submit()
  const content = world.content
  const names = {
    list: () => world.names.list(),
    get: (each: string) => world.names.get(each === 'registry.test/many:7' ? 'registry.test/gone:1' : each),
  }
  await Promise.all([world.coordinator({ published: { names, content } }), verifying.worker()])
  expect(await world.ended(runs, run, 30_000)).toMatchObject({
    state: 'done',
    images: { total: 1_203, done: 1_203 },
  })
  expect(new Set(verifying.reads).size).toBe(verifying.reads.length)
})

it('a store that cannot list its names fails the run, one that is away for a while does not', async () => {
  await verifying.store(...shared)
  const errors = [
    new DistError('UNAVAILABLE', 'the store is away'),
    new DistError('MALFORMED', 'names/x cannot be read'),
  ]
  const names = {
    get: (each: string) => world.names.get(each),
    async *list() {
      yield* world.names.list()
      const error = errors.shift()
      if (error !== undefined) throw error
    },
  }
  await Promise.all([world.coordinator({ published: { names, content: world.content } }), verifying.worker()])
  const { runs, run } = await verifying.submit()
  const error = { code: 'MALFORMED', message: 'names/x cannot be read' }
  expect(await world.ended(runs, run)).toMatchObject({ state: 'failed', error, images: { total: 0 } })
  const again = await verifying.submit()
  expect(await world.ended(again.runs, again.run)).toMatchObject({ state: 'done', images: { total: 3 } })
})

it('a removed run leaves no key', async () => {
  await verifying.store(...shared)
  verifying.found.set(base.digest, [damaged])
  const keepNone = { keepRuns: 0 }
  const coordinator = await world.coordinator()
  await verifying.worker()
  const { runs, run } = await verifying.submit()
  await world.ended(runs, run)
  await coordinator.stop()
  await world.coordinator({ tuning: keepNone })
  const admin = world.connect()
  const keys = async () => (await admin.keys(`{dist}:run:${run}*`)).length
  await waitFor(async () => (await keys()) === 0, 'the end of all keys')
  expect(await runs.list()).toEqual([])
})
