import { MemoryNames } from '@dist/content'
import { type ImageTask, type MirrorEvent, mirrorImages, storeTarget } from '@dist/mirror'
import { parseReference } from '@dist/reference'
import { createHostLimiter } from '@dist/remotes'
import { describe, expect, it } from 'vitest'
import { imageOf, twoPlatforms } from './support/images.js'
import { amd64, inOrder, newWorld } from './support/world.js'

const reference = parseReference('registry.test/a:1')

function newTasks() {
  const world = newWorld()
  const events: MirrorEvent[] = []
  const dependencies = {
    source: world.remote,
    target: world.target,
    ingest: world.ingestTask,
    hosts: createHostLimiter(),
  }
  const run = (tasks: readonly ImageTask[]) =>
    inOrder(mirrorImages(tasks, dependencies, { platforms: 'all', onEvent: (event) => events.push(event) }))
  return { world, run, events }
}

describe('mirrorImages, of tasks', () => {
  it('gives an image the target and the platforms of its task', async () => {
    const { world, run } = newTasks()
    world.remote.push(twoPlatforms().index, 'registry.test/a:1')
    const names = new MemoryNames()
    const target = storeTarget(world.content, names)
    const outcomes = await run([{ reference, target, platforms: amd64 }])
    expect(outcomes.map(({ error }) => error)).toEqual([undefined])
    expect((await names.get('registry.test/a:1')).selection).toEqual(['linux/amd64'])
    await expect(world.names.get('registry.test/a:1')).rejects.toThrow()
  })

  it('reports events under the name of the task', async () => {
    const { world, run, events } = newTasks()
    world.remote.push(imageOf(['x']), 'registry.test/a:1')
    await run([{ reference, name: 'one' }])
    const names = events.flatMap((event) => (event.type === 'image' ? [event.reference] : []))
    expect(new Set(names)).toEqual(new Set(['one']))
  })

  it('asks for an immutable tag once', async () => {
    const { world, run } = newTasks()
    world.remote.push(imageOf(['x']), 'registry.test/a:1')
    await run([{ reference, immutable: true }])
    world.remote.push(imageOf(['y']), 'registry.test/a:1')
    const [again] = await run([{ reference, immutable: true }])
    expect(again?.upToDate).toBe(true)
    expect(world.remote.resolutions).toHaveLength(1)
  })
})
