import type { WorkerParts } from '@dist/queue'
import type { FixtureImage } from '@dist/testkit/fixtures'
import { waitFor } from '@dist/testkit/servers'
import { beforeEach, describe, expect, it } from 'vitest'
import { blobAt, imageOf } from '../../../packages/mirror/test/support/images.js'
import { latch, right, Verifying } from '../support/queue-verify.js'
import { type QueueWorld, useQueue } from '../support/queue-world.js'
import { noLocker, Victim } from '../support/victim.js'

const queue = useQueue()
const tuning = { lockDuration: 800 }

let world: QueueWorld
let verifying: Verifying
beforeEach(() => {
  world = queue()
  verifying = new Verifying(world)
})

const shared = [imageOf(['base', 'a']), imageOf(['base', 'b']), imageOf(['c'])]
const base = blobAt(shared[0] as FixtureImage, 1)

describe('after a crash', () => {
  it('a worker that is killed while it reads is replaced by another (Q2)', async () => {
    await verifying.store(...shared)
    const victim = new Victim(world)
    let held = false
    const dying: WorkerParts['verify'] = async (wanted, options) => {
      if (wanted.digest !== base.digest) return verifying.verify(wanted, options)
      held = true
      return victim.die()
    }
    await world.coordinator({ tuning })
    await verifying.worker({ connect: victim.connect, tuning, locker: noLocker, verify: dying })
    const { runs, run } = await verifying.submit()
    await victim.died
    expect(held).toBe(true)
    await verifying.worker({ tuning })
    expect(await world.ended(runs, run, 20_000)).toMatchObject({ state: 'done', images: { done: 3 } })
  })

  it('a blob job that is delivered twice at the same time counts once (Q1)', async () => {
    await verifying.store(shared[0] as FixtureImage)
    const doubled = { lockDuration: 400, stalledInterval: 100, maxStalled: 1_000 }
    const stopped = new Victim(world).neverRenewing('blobs')
    const gate = latch()
    let times = 0
    const held: WorkerParts['verify'] = async (wanted, options) => {
      if (wanted.digest !== base.digest) return verifying.verify(wanted, options)
      times++
      if (times === 1) await gate.opened
      return right
    }
    await world.coordinator()
    const parts = { tuning: doubled, locker: noLocker, verify: held }
    const first = await verifying.worker({ ...parts, connect: stopped.connect, concurrency: 4 })
    const { runs, run } = await verifying.submit()
    await waitFor(() => times === 1, 'the first delivery')
    await verifying.worker(parts)
    const status = await world.ended(runs, run)
    gate.open()
    await waitFor(() => first.active === 0, 'the end of the first delivery')
    expect(await runs.status(run)).toEqual(status)
    expect(status).toMatchObject({ state: 'done', blobs: { total: 4, done: 4, failed: 0 } })
  })

  it('a coordinator that is killed while it lists the names is replaced by another; each name is listed once', async () => {
    await verifying.store(...shared)
    const victim = new Victim(world)
    const content = world.content
    const names = {
      get: (each: string) => world.names.get(each),
      async *list() {
        for await (const image of world.names.list()) {
          yield image
          await victim.die()
        }
      },
    }
    await world.coordinator({ connect: victim.connect, tuning, published: { names, content } })
    const { runs, run } = await verifying.submit()
    await victim.died
    expect(await runs.status(run)).toMatchObject({ state: 'running', images: { total: 0 } })
    await Promise.all([world.coordinator({ tuning }), verifying.worker({ tuning })])
    expect(await world.ended(runs, run, 20_000)).toMatchObject({
      state: 'done',
      images: { total: 3, done: 3 },
    })
  })
})

it('a canceled run reads no more blobs', async () => {
  await verifying.store(...shared)
  const gate = latch()
  let signal: AbortSignal | undefined
  const held: WorkerParts['verify'] = async (wanted, options) => {
    signal = options.signal
    await gate.opened
    options.signal?.throwIfAborted()
    return verifying.verify(wanted, options)
  }
  await Promise.all([world.coordinator(), verifying.worker({ verify: held })])
  const { runs, run } = await verifying.submit()
  await waitFor(() => signal !== undefined, 'a read')
  await runs.cancel(run)
  await waitFor(() => signal?.aborted === true, 'the end of the read')
  gate.open()
  const canceled = () => world.events.some((event) => event.type === 'image' && event.state === 'canceled')
  await waitFor(canceled, 'the end of the images')
  expect(await runs.status(run)).toMatchObject({ state: 'canceled', images: { active: 0 } })
})
