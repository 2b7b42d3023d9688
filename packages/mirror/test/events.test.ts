import { DistError } from '@dist/errdefs'
import type { ImageEvent, MirrorEvent, ObjectEvent } from '@dist/mirror'
import { describe, expect, it } from 'vitest'
import { failing } from './support/faults.js'
import { blobAt, imageOf, twoPlatforms } from './support/images.js'
import { newWorld, type World } from './support/world.js'

const name = 'registry.test/a:1'
const ends = ['exists', 'done', 'failed', 'canceled']

async function eventsOf(world: World, texts = [name]): Promise<MirrorEvent[]> {
  const events: MirrorEvent[] = []
  await world.mirror(texts, { onEvent: (event) => events.push(event) })
  return events
}

const imageStates = (events: readonly MirrorEvent[]) =>
  events.filter((event): event is ImageEvent => event.type === 'image').map(({ state }) => state)

/** The reported states of each object, in order, one line per digest. */
function objectStates(events: readonly MirrorEvent[]): string[][] {
  const states = new Map<string, ObjectEvent['state'][]>()
  for (const event of events) {
    if (event.type === 'object')
      states.set(event.desc.digest, [...(states.get(event.desc.digest) ?? []), event.state])
  }
  return [...states.values()]
}

describe('the events of a mirror run', () => {
  it('report an image from resolving to done', async () => {
    const world = newWorld()
    world.remote.push(imageOf(['x']), name)
    expect(imageStates(await eventsOf(world))).toEqual(['resolving', 'resolved', 'planned', 'done'])
  })

  it('report the same for an image that is up to date', async () => {
    const world = newWorld()
    world.remote.push(imageOf(['x']), name)
    await world.mirror([name])
    expect(imageStates(await eventsOf(world))).toEqual(['resolving', 'resolved', 'planned', 'done'])
  })

  it('report the error of an image that fails', async () => {
    const events = await eventsOf(newWorld())
    expect(imageStates(events)).toEqual(['resolving', 'failed'])
    expect(events.at(-1)).toMatchObject({ error: { code: 'NOT_FOUND' } })
  })

  it('report each fetched object as waiting, downloading and done', async () => {
    const world = newWorld()
    const { index } = twoPlatforms()
    world.remote.push(index, name)
    const lines = objectStates(await eventsOf(world)).map((states) => [...new Set(states)].join(' '))
    expect(lines.sort()).toEqual([
      ...new Array(3).fill('done'),
      ...new Array(5).fill('waiting downloading done'),
    ])
  })

  it('report each present object once', async () => {
    const world = newWorld()
    world.remote.push(twoPlatforms().index, name)
    await world.mirror([name])
    expect(objectStates(await eventsOf(world))).toEqual(new Array(8).fill(['exists']))
  })

  it('report a manifest as done only after it is stored', async () => {
    const world = newWorld()
    const { index, amd64 } = twoPlatforms()
    world.remote.push(index, name)
    world.remote.script(amd64.descriptor, failing(new DistError('NOT_FOUND', 'gone')))
    const digests = (await eventsOf(world)).map((event) => event.type === 'object' && event.desc.digest)
    expect(digests).toContain(index.descriptor.digest)
    expect(digests).not.toContain(amd64.descriptor.digest)
  })

  it('report one final state for each object, canceled ones included', async () => {
    const world = newWorld()
    const image = imageOf(['x', 'y'])
    world.remote.push(image, name)
    const gate = world.remote.hold(blobAt(image, 1))
    world.remote.script(blobAt(image, 2), async () => {
      await gate.reached
      throw new DistError('NOT_FOUND', 'gone')
    })
    for (const states of objectStates(await eventsOf(world))) {
      expect(states.filter((state) => ends.includes(state))).toHaveLength(1)
      expect(ends).toContain(states.at(-1))
    }
  })

  it('report increasing offsets that end with the size', async () => {
    const world = newWorld()
    const image = imageOf(['x'])
    world.remote.push(image, name)
    const offsets = (await eventsOf(world)).flatMap((event) =>
      event.type === 'object' && event.desc.digest === blobAt(image, 1).digest ? [event.offset] : [],
    )
    expect(offsets).toEqual([...offsets].sort((one, other) => one - other))
    expect(offsets.at(-1)).toBe(blobAt(image, 1).size)
  })
})
