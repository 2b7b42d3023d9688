import type { TransferOptions } from '@dist/queue'
import { describe, expect, it } from 'vitest'
import { failing, resetError } from '../../../packages/mirror/test/support/faults.js'
import { blobAt, imageOf } from '../../../packages/mirror/test/support/images.js'
import { type QueueWorld, useQueue } from '../support/queue-world.js'

const queue = useQueue()

/** A worker that trusts the absence of blobs; resolves to what its transfers are told, by digest. */
async function trustingWorker(world: QueueWorld): Promise<Map<string, (boolean | undefined)[]>> {
  const told = new Map<string, (boolean | undefined)[]>()
  await world.worker({
    trustsAbsence: true,
    // As with a bucket: only the transfer finds what is there.
    isPresent: async () => false,
    transfer: ({ desc }, options: TransferOptions) => {
      told.set(desc.digest, [...(told.get(desc.digest) ?? []), options.absent])
      return world.transfer({ desc }, options)
    },
  })
  return told
}

describe('a blob that was absent when its image was planned', () => {
  it('is absent for the first worker, and not for those after it', async () => {
    const world = queue()
    const [a, b] = [imageOf(['shared', 'a']), imageOf(['shared', 'b'])]
    world.remote.push(a, 'registry.test/a:1')
    world.remote.push(b, 'registry.test/b:1')
    await world.coordinator()
    // Both are planned before any blob is fetched.
    const submitted = [await world.submit('registry.test/a:1'), await world.submit('registry.test/b:1')]
    const planned = async ({ runs, run }: (typeof submitted)[0]) => (await runs.status(run)).blobs.total === 3
    for (const each of submitted) await expect.poll(() => planned(each), { timeout: 20_000 }).toBe(true)
    const told = await trustingWorker(world)
    for (const { runs, run } of submitted) expect((await world.ended(runs, run)).state).toBe('done')
    expect(told.get(blobAt(a, 1).digest)).toEqual([true, false])
    expect(told.get(blobAt(a, 2).digest)).toEqual([true])
    expect(told.get(blobAt(b, 2).digest)).toEqual([true])
  })

  it('is fetched once by several workers in two runs at the same time', async () => {
    const world = queue()
    const references = Array.from({ length: 10 }, (_, i) => `registry.test/a:${i}`)
    for (const [i, each] of references.entries()) world.remote.push(imageOf(['shared', `${i}`]), each)
    await Promise.all([world.coordinator(), trustingWorker(world), trustingWorker(world)])
    const both = await Promise.all([world.submit(...references), world.submit(...references)])
    for (const { runs, run } of both) expect((await world.ended(runs, run)).state).toBe('done')
    for (const digest of world.remote.fetches) expect(world.remote.fetchesOf({ digest })).toBe(1)
  })

  it('is not known to be absent when its job starts again', async () => {
    const world = queue()
    const image = imageOf(['x'])
    world.remote.push(image, 'registry.test/a:1')
    world.remote.script(blobAt(image, 1), failing(resetError()))
    await world.coordinator()
    const told = await trustingWorker(world)
    const { runs, run } = await world.submit('registry.test/a:1')
    expect((await world.ended(runs, run)).state).toBe('done')
    expect(told.get(blobAt(image, 1).digest)).toEqual([true, false])
  })
})
