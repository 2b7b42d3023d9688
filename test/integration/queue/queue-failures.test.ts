import { DistError } from '@dist/errdefs'
import { waitFor } from '@dist/testkit/servers'
import { Queue } from 'bullmq'
import { describe, expect, it } from 'vitest'
import { failing, flipped, resetError } from '../../../packages/mirror/test/support/faults.js'
import { blobAt, imageOf } from '../../../packages/mirror/test/support/images.js'
import { type QueueWorld, reports, useQueue } from '../support/queue-world.js'

const queue = useQueue()

async function push(world: QueueWorld, ...seeds: string[][]) {
  await Promise.all([world.coordinator(), world.worker()])
  return seeds.map((seed, i) => {
    const image = imageOf(seed)
    world.remote.push(image, `registry.test/a:${i}`)
    return image
  })
}

describe('a blob that fails for good', () => {
  it('fails its image after a bounded number of attempts, is named, and the run goes on (Q4)', async () => {
    const world = queue()
    const [broken] = await push(world, ['broken'], ['sound'])
    const layer = blobAt(broken as never, 1)
    world.remote.forget(layer.digest)
    const { runs, run } = await world.submit('registry.test/a:0', 'registry.test/a:1')
    const status = await world.ended(runs, run)
    expect(status).toMatchObject({
      state: 'failed',
      images: { total: 2, done: 1, failed: 1, canceled: 0, active: 0 },
    })
    expect(status.blobs).toEqual({ total: 4, done: 3, failed: 1 })
    const [first, second] = await reports(runs.images(run))
    expect(first).toMatchObject({
      state: 'failed',
      digest: broken?.descriptor.digest,
      error: { code: 'NOT_FOUND', message: expect.stringContaining(layer.digest) },
      failures: [{ digest: layer.digest, code: 'NOT_FOUND', message: expect.stringContaining('unknown') }],
    })
    expect(second).toMatchObject({ state: 'done' })
    await expect(world.names.get('registry.test/a:0')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await reports(runs.failed(run))).toEqual([first])
  })

  it('is requested once when a retry cannot help, and several times when it can (Q11)', async () => {
    const world = queue()
    const [image] = await push(world, ['gone', 'resets', 'lies'])
    const [gone, resets, lies] = [1, 2, 3].map((i) => blobAt(image as never, i))
    if (!gone || !resets || !lies) throw new Error('three layers')
    world.remote.forget(gone.digest)
    const denied = new DistError('UNAVAILABLE', 'no bytes', { retryAfter: 1 })
    world.remote.script(resets, failing(denied))
    world.remote.script(lies, flipped, flipped)
    const { runs, run } = await world.submit('registry.test/a:0')
    await world.ended(runs, run)
    expect(world.remote.fetchesOf(gone)).toBe(1)
    expect(world.remote.fetchesOf(lies)).toBe(2)
    expect(world.remote.fetchesOf(resets)).toBe(2)
    const [{ failures = [] } = {}] = await reports(runs.failed(run))
    expect(failures.map(({ digest, code }) => [digest, code]).sort()).toEqual(
      [
        [gone.digest, 'NOT_FOUND'],
        [lies.digest, 'FAILED_PRECONDITION'],
      ].sort(),
    )
  })

  it('is reported by both images that share it (Q4)', async () => {
    const world = queue()
    const [image] = await push(world, ['shared', 'a'], ['shared', 'b'])
    const shared = blobAt(image as never, 1)
    world.remote.forget(shared.digest)
    const { runs, run } = await world.submit('registry.test/a:0', 'registry.test/a:1')
    expect(await world.ended(runs, run)).toMatchObject({ images: { failed: 2 } })
    for (const { failures } of await reports(runs.failed(run)))
      expect(failures).toMatchObject([{ digest: shared.digest, code: 'NOT_FOUND' }])
  })

  it('R27 ends after six attempts with the last error', async () => {
    const world = queue()
    const [image] = await push(world, ['resets'])
    world.remote.script(blobAt(image as never, 1), ...Array(200).fill(failing(resetError())))
    const { runs, run } = await world.submit('registry.test/a:0')
    await world.ended(runs, run, 20_000)
    expect(world.remote.fetchesOf(blobAt(image as never, 1))).toBe(6)
    const [failed] = await reports(runs.failed(run))
    expect(failed).toMatchObject({ failures: [{ code: 'UNAVAILABLE', message: 'the connection was reset' }] })
  })
})

describe('an image that cannot be planned', () => {
  it('fails at once with its error, also among valid references (Q11)', async () => {
    const world = queue()
    await push(world, ['x'])
    const bad = ['a/UPPER', '', 'a:b:c', `a/${'x'.repeat(5_000)}`, 'https://user:secret@a/b', 'a/b\nc']
    const { runs, run } = await world.submit(...bad, 'registry.test/a:0', 'registry.test/none:1')
    const status = await world.ended(runs, run)
    expect(status).toMatchObject({ state: 'failed', images: { total: 8, done: 1, failed: 7 } })
    const failed = await reports(runs.failed(run))
    expect(failed.map(({ error }) => error?.code)).toEqual([
      ...bad.map(() => 'INVALID_ARGUMENT'),
      'NOT_FOUND',
    ])
    expect(world.remote.resolutions).toHaveLength(2)
    // An invalid reference may be a URL with a password.
    for (const key of await world.connect().keys(`{dist}:run:${run}:references`))
      expect(JSON.stringify(await world.connect().hgetall(key))).not.toContain('secret')
    expect(JSON.stringify(failed)).not.toContain('secret')
  })

  it('is planned again while a retry may help, a bounded number of times', async () => {
    const world = queue()
    const [image] = await push(world, ['x'])
    let asked = 0
    const { remote } = world
    const resolve = remote.resolve.bind(remote)
    remote.resolve = async (reference, options) => {
      asked++
      if (reference.tag === 'never' || asked === 1) throw new DistError('UNAVAILABLE', 'the registry is away')
      return resolve(reference, options)
    }
    const first = await world.submit('registry.test/a:0')
    expect(await world.ended(first.runs, first.run)).toMatchObject({ state: 'done' })
    expect(asked).toBe(2)
    asked = 0
    const { runs, run } = await world.submit('registry.test/a:never')
    await world.ended(runs, run)
    expect(asked).toBe(6)
    expect(await reports(runs.failed(run))).toMatchObject([{ error: { code: 'UNAVAILABLE' } }])
    expect(image).toBeDefined()
  })

  it('with an invalid platform is refused before anything is written', async () => {
    const world = queue()
    const runs = world.runs()
    await expect(runs.submit({ references: ['a'], platforms: ['windows'] })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
    // Opened queues write their meta keys. Any other key would be of the run.
    const keys = await world.connect().keys('*')
    expect(keys.filter((key) => !key.endsWith(':meta'))).toEqual([])
  })
})

describe('a job that dist has not written', () => {
  it('fails with its id in the message, without effect on other jobs (Q14)', async () => {
    const world = queue()
    await push(world, ['x'])
    const connection = world.connect()
    for (const name of ['runs', 'images', 'blobs']) {
      const foreign = new Queue(name, { connection, prefix: '{dist}' })
      await foreign.add(
        'x',
        { v: 2, run: '../x', password: 'secret' },
        { jobId: `foreign-${name}`, attempts: 6 },
      )
      const failed = async () => (await foreign.getJob(`foreign-${name}`))?.isFailed() ?? false
      await waitFor(failed, `the failure of the job in ${name}`)
      const job = await foreign.getJob(`foreign-${name}`)
      expect(job?.attemptsMade).toBe(1)
      expect(JSON.parse(job?.failedReason ?? '')).toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining(`foreign-${name}: run`),
      })
    }
    const { runs, run } = await world.submit('registry.test/a:0')
    expect(await world.ended(runs, run)).toMatchObject({ state: 'done' })
  })

  it('keeps little data and no secret in Redis (Q14)', async () => {
    const world = queue()
    world.remote.push(imageOf(['x']), 'registry.test/a:0')
    await world.coordinator()
    const { runs, run } = await world.submit('registry.test/a:0')
    await waitFor(async () => (await runs.status(run)).blobs.total > 0, 'the plan')
    const redis = world.connect()
    for (const name of ['images', 'blobs'] as const) {
      for (const key of await redis.keys(`{dist}:${name}:${run}*`)) {
        if ((await redis.type(key)) !== 'hash') continue
        expect((await redis.hget(key, 'data'))?.length ?? 0).toBeLessThan(1_024)
      }
    }
  })
})

describe('the store of the services', () => {
  it('is one: a service and a run with another store are refused', async () => {
    const world = queue()
    await world.coordinator()
    await expect(world.worker({ store: 'store-2' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/store-2.*store-1/),
    })
    const runs = world.runs()
    expect(await runs.store()).toBe('store-1')
    const submitted = runs.submit({ references: [], platforms: 'all', store: 'store-2' })
    await expect(submitted).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/store-1.*store-2/),
    })
  })

  it('fails a run that was submitted for another store before any service was up', async () => {
    const world = queue()
    world.remote.push(imageOf(['x']), 'registry.test/a:0')
    const runs = world.runs()
    expect(await runs.store()).toBeUndefined()
    const run = await runs.submit({ references: ['registry.test/a:0'], platforms: 'all', store: 'store-2' })
    await Promise.all([world.coordinator(), world.worker()])
    await world.ended(runs, run)
    expect(await reports(runs.failed(run))).toMatchObject([{ error: { code: 'INVALID_ARGUMENT' } }])
  })
})
