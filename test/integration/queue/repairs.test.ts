import { DistError } from '@dist/errdefs'
import type { Digest } from '@dist/oci'
import { beforeEach, expect, it } from 'vitest'
import { blobAt, imageOf } from '../../../packages/mirror/test/support/images.js'
import { name, Verifying } from '../support/queue-verify.js'
import { type QueueWorld, useQueue } from '../support/queue-world.js'

const queue = useQueue()
let world: QueueWorld
let verifying: Verifying
beforeEach(() => {
  world = queue()
  verifying = new Verifying(world)
})

const images = [imageOf(['base', 'a']), imageOf(['base', 'b']), imageOf(['c'])]
const [first] = images
const base = first === undefined ? expect.unreachable() : blobAt(first, 1)

/** Has stored content have other bytes. */
async function damage(): Promise<void> {
  const { digest, size } = base
  await world.content.delete(digest)
  const draft = await world.driver.draft(digest, { digest, size })
  await draft.append(Buffer.alloc(size))
  await draft.commit(digest, size)
}

/** The published names, and those that wait. */
async function names() {
  const [published, waiting]: string[][] = [[], []]
  for await (const image of world.names.list()) published?.push(image.name)
  for await (const image of world.upkeep.withheld.list()) waiting?.push(image.name)
  return { published: published?.sort(), waiting: waiting?.sort() }
}

/** Verifies with a repair, and follows both runs to their ends. */
async function repaired() {
  const runs = world.runs()
  const run = await runs.submit({ kind: 'verify', references: [], platforms: 'all', repairs: true })
  const { state, repair } = await world.ended(runs, run)
  return { verified: state, repair: repair === undefined ? undefined : await world.ended(runs, repair) }
}

it('without bad content there is no repair', async () => {
  await verifying.store(...images)
  await Promise.all([world.coordinator(), world.worker()])
  expect(await repaired()).toEqual({ verified: 'done', repair: undefined })
})

it('images are unpublished before their content is set aside, and published after it is fetched', async () => {
  await verifying.store(...images)
  await damage()
  const seen: unknown[] = []
  const setAside = async (digest: Digest) => {
    seen.push(digest, await names())
    return world.upkeep.setAside(digest)
  }
  await Promise.all([world.coordinator({ upkeep: { ...world.upkeep, setAside } }), world.worker()])
  const { verified, repair } = await repaired()
  expect(verified).toBe('failed')
  expect(repair).toMatchObject({
    kind: 'repair',
    state: 'done',
    images: { total: 2, done: 2 },
    blobs: { total: 1 },
  })
  expect(seen).toEqual([base.digest, { published: [name(2)], waiting: [name(0), name(1)] }])
  expect(await names()).toEqual({ published: [name(0), name(1), name(2)], waiting: [] })
  expect(await world.content.info(base.digest)).toMatchObject({ size: base.size })
  const unpublished = world.events.filter((event) => event.type === 'name' && event.state === 'unpublished')
  expect(unpublished).toHaveLength(2)
})

it.each(['add', 'delete', 'setAside', 'remove'])(
  'a repair that breaks off at %s loses no name',
  async (step) => {
    await verifying.store(...images)
    await damage()
    let broken = 0
    const breaks = <Args extends unknown[], T>(at: string, call: (...args: Args) => Promise<T>) => {
      return async (...args: Args): Promise<T> => {
        const result = await call(...args)
        if (at === step && broken++ === 0) throw new DistError('UNAVAILABLE', `broken off at ${at}`)
        return result
      }
    }
    const { names: all, withheld, ...store } = world.upkeep
    const upkeep = {
      ...store,
      names: {
        get: all.get.bind(all),
        put: all.put.bind(all),
        list: all.list.bind(all),
        delete: breaks('delete', all.delete.bind(all)),
      },
      withheld: Object.assign(Object.create(withheld), {
        add: breaks('add', withheld.add.bind(withheld)),
        remove: breaks('remove', withheld.remove.bind(withheld)),
      }),
      setAside: breaks('setAside', store.setAside),
    }
    await Promise.all([world.coordinator({ upkeep }), world.worker()])
    expect((await repaired()).repair).toMatchObject({ state: 'done' })
    expect(broken).toBeGreaterThan(0)
    expect(await names()).toEqual({ published: [name(0), name(1), name(2)], waiting: [] })
  },
)

it('an image that a mirror has published again meanwhile keeps what it has now', async () => {
  await verifying.store(...images)
  await world.upkeep.withheld.add(await world.names.get(name(0)))
  const newer = imageOf(['newer'])
  world.remote.push(newer, name(0))
  await Promise.all([world.coordinator(), world.worker()])
  const { runs, run } = await world.submit(name(0))
  await world.ended(runs, run)
  expect(await repaired()).toEqual({ verified: 'done', repair: undefined })
  expect((await world.names.get(name(0))).desc.digest).toBe(newer.descriptor.digest)
  expect((await names()).waiting).toEqual([])
})
