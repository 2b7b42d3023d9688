import { describe, expect, it } from 'vitest'
import { blobAt, imageOf } from '../../../packages/mirror/test/support/images.js'
import { type QueueWorld, useQueue } from '../support/queue-world.js'

const queue = useQueue()

/** A run in which images 1, 3 and 5 of six have no tag, image 6 has a broken blob, and the others are done. */
async function mixedRun(world: QueueWorld) {
  await Promise.all([world.coordinator(), world.worker()])
  const references = Array.from({ length: 6 }, (_, i) => `registry.test/a${i}:1`)
  for (const i of [0, 2, 4]) world.remote.push(imageOf([`own-${i}`]), `registry.test/a${i}:1`)
  const broken = imageOf(['broken'])
  world.remote.push(broken, 'registry.test/broken:1')
  world.remote.forget(blobAt(broken as never, 1).digest)
  const { runs, run } = await world.submit(...references, 'registry.test/broken:1')
  await world.ended(runs, run)
  return { runs, run }
}

describe('the causes of a run', () => {
  it('group failed images, those of most images first', async () => {
    const { runs, run } = await mixedRun(queue())
    const causes = await runs.causes(run)
    expect(causes).toMatchObject([
      { images: 3, code: 'NOT_FOUND', stage: 'resolving', host: 'registry.test' },
      { images: 1, stage: 'transferring', host: 'registry.test', example: 'registry.test/broken:1' },
    ])
    expect(causes[0]?.example).toMatch(/^registry\.test\/a[135]:1$/)
    expect(causes[0]?.message).not.toContain('registry.test/a')
  })

  it('are left by images that are tried again, and by those alone', async () => {
    const world = queue()
    const { runs, run } = await mixedRun(world)
    const [absent] = await runs.causes(run)
    for (const i of [1, 3]) world.remote.push(imageOf([`late-${i}`]), `registry.test/a${i}:1`)
    expect(await runs.retry(run, { images: [0, 1, 99] })).toBe(1)
    expect(await world.ended(runs, run)).toMatchObject({ images: { done: 4, failed: 3 } })
    expect(await runs.retry(run, { cause: absent?.id })).toBe(2)
    expect(await world.ended(runs, run)).toMatchObject({ images: { done: 5, failed: 2 } })
    expect((await runs.causes(run)).map(({ id, images }) => [id, images])).toEqual(
      expect.arrayContaining([[absent?.id, 1]]),
    )
    expect(await runs.retry(run, { cause: 'none' })).toBe(0)
  })

  it('are bounded: what is too much counts by code, stage and host', async () => {
    const world = queue()
    const { runs, run } = await mixedRun(world)
    const redis = world.connect()
    const filled = Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`images:x${i}`, 0]))
    await redis.hset(`{dist}:run:${run}:causes`, filled)
    await redis.hdel(`{dist}:run:${run}:causes`, ...(await runs.causes(run)).map(({ id }) => `about:${id}`))
    expect(await runs.retry(run)).toBe(4)
    await world.ended(runs, run)
    const causes = await runs.causes(run)
    expect(causes.map(({ images, message }) => [images, message])).toEqual([
      [3, 'several causes'],
      [1, 'several causes'],
    ])
  })
})

describe('a page of images', () => {
  it('has the images of a state, of a name, or of a cause, in order, page by page', async () => {
    const { runs, run } = await mixedRun(queue())
    const indexesOf = async (filter: object) => {
      const found: number[][] = []
      for (let from: number | undefined = 0; from !== undefined; ) {
        const page = await runs.imagePage(run, { limit: 2, from, ...filter })
        found.push(page.images.map(({ index }) => index))
        from = page.next
      }
      return found
    }
    expect(await indexesOf({})).toEqual([[0, 1], [2, 3], [4, 5], [6]])
    expect(await indexesOf({ state: 'failed' })).toEqual([
      [1, 3],
      [5, 6],
    ])
    expect(await indexesOf({ state: 'done' })).toEqual([[0, 2], [4]])
    expect(await indexesOf({ state: 'active' })).toEqual([[]])
    expect(await indexesOf({ search: 'broken' })).toEqual([[6]])
    expect(await indexesOf({ state: 'failed', search: '/a' })).toEqual([[1, 3], [5]])
    const [, broken] = await runs.causes(run)
    expect(await indexesOf({ cause: broken?.id })).toEqual([[6]])
    const all: number[] = []
    for await (const { index } of runs.failed(run)) all.push(index)
    expect(all).toEqual([1, 3, 5, 6])
  })

  it('of a run that an earlier version has begun has its failed images', async () => {
    const world = queue()
    const { runs, run } = await mixedRun(world)
    await world.connect().unlink(`{dist}:run:${run}:failed`, `{dist}:run:${run}:causes`)
    const { images } = await runs.imagePage(run, { state: 'failed', limit: 10 })
    expect(images.map(({ index }) => index)).toEqual([1, 3, 5, 6])
  })
})

describe('the blobs of an image', () => {
  it('tell how far they are, and which failed of what', async () => {
    const world = queue()
    const { runs, run } = await mixedRun(world)
    const failed = (await runs.blobs(run, 6)).filter(({ state }) => state === 'failed')
    expect(failed).toMatchObject([
      { error: { code: expect.any(String) }, digest: expect.stringMatching(/^sha256:/) },
    ])
    expect(failed[0]?.digest).toContain(failed[0]?.prefix)
    expect(await runs.blobs(run, 0)).toEqual([])
    await expect(runs.blobs(run, 7)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    const held = imageOf(['held'])
    world.remote.push(held, 'registry.test/held:1')
    const blob = blobAt(held as never, 1)
    const gate = world.remote.hold(blob)
    const next = await runs.submit({ references: ['registry.test/held:1'], platforms: 'all' })
    await gate.reached
    const found = (await runs.blobs(next, 0)).find(({ digest }) => digest === blob.digest)
    expect(found).toMatchObject({ tries: 0, fetched: expect.any(Number), size: blob.size })
    expect(['waiting', 'active']).toContain(found?.state)
    gate.release()
    await world.ended(runs, next)
    expect(await runs.blobs(next, 0)).toEqual([])
  })
})

describe('a submission with a key', () => {
  const request = { references: ['registry.test/a:1'], platforms: 'all' } as const

  it('that is repeated is the same run', async () => {
    const { runs } = await queue().submit('registry.test/other:1')
    const once = { key: 'one', fingerprint: 'a' }
    const ids = await Promise.all([runs.submit(request, once), runs.submit(request, once)])
    expect(new Set(ids).size).toBe(1)
    expect(await runs.submit(request, once)).toBe(ids[0])
    expect(await runs.submit(request, { key: 'two', fingerprint: 'a' })).not.toBe(ids[0])
    expect(await runs.list()).toHaveLength(3)
  })

  it('is refused with another request', async () => {
    const { runs } = await queue().submit('registry.test/other:1')
    await runs.submit(request, { key: 'one', fingerprint: 'a' })
    await expect(runs.submit(request, { key: 'one', fingerprint: 'b' })).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
    })
  })
})

it('the list of runs goes on behind a run, also behind one that is gone', async () => {
  const world = queue()
  const { runs } = await world.submit('registry.test/a:1')
  const submit = () => runs.submit({ references: ['registry.test/a:1'], platforms: 'all' })
  const ids = [await submit(), await submit(), await submit(), await submit()]
  const redis = world.connect()
  const times = ids.map((_, i) => Date.now() + 1_000 * (i + 1))
  for (const [i, id] of ids.entries()) await redis.zadd('{dist}:run-list', times[i] ?? 0, id)
  const after = { id: ids[2] ?? '', createdAt: new Date(times[2] ?? 0) }
  const behind = async () => (await runs.list({ after, limit: 2 })).map(({ id }) => id)
  expect(await behind()).toEqual([ids[1], ids[0]])
  await redis.zrem('{dist}:run-list', after.id)
  expect(await behind()).toEqual([ids[1], ids[0]])
})
