import { DistError } from '@dist/errdefs'
import { amd64Image, arm64Image, singleImage } from '@dist/testkit/fixtures'
import { expect, it } from 'vitest'
import { World } from './support/world.js'

const name = 'example.com/app'

it('a name is asked for once, and again when its answer is too old', async () => {
  const world = new World()
  await world.publish(`${name}:1`, singleImage)
  const repository = world.published.repository(name)
  expect((await repository.image(`${name}:1`))?.desc.digest).toBe(singleImage.descriptor.digest)
  await world.publish(`${name}:1`, amd64Image)
  world.time += 29_999
  expect((await repository.image(`${name}:1`))?.desc.digest).toBe(singleImage.descriptor.digest)
  expect(world.asked).toEqual([`${name}:1`])
  world.time += 1
  expect((await repository.image(`${name}:1`))?.desc.digest).toBe(amd64Image.descriptor.digest)
  expect(world.asked).toEqual([`${name}:1`, `${name}:1`])
})

it('a name that is absent is asked for each time', async () => {
  const world = new World()
  const repository = world.published.repository(name)
  expect(await repository.image(`${name}:1`)).toBeUndefined()
  await world.publish(`${name}:1`, singleImage)
  expect(await repository.image(`${name}:1`)).toBeDefined()
})

it('concurrent requests for a name share one answer', async () => {
  const world = new World()
  await world.publish(`${name}:1`, singleImage)
  const repository = world.published.repository(name)
  await Promise.all(Array.from({ length: 10 }, () => repository.image(`${name}:1`)))
  expect(world.asked).toHaveLength(1)
})

it('W12 a name that is known is served while the store does not answer', async () => {
  const world = new World()
  await world.publish(`${name}:1`, singleImage)
  const repository = world.published.repository(name)
  await repository.image(`${name}:1`)
  world.failure = new DistError('UNAVAILABLE', 'away')
  world.time += 30_000
  expect((await repository.image(`${name}:1`))?.desc.digest).toBe(singleImage.descriptor.digest)
  expect(world.problems).toEqual([`${name}:1`])
  // It is not asked for with each request.
  await repository.image(`${name}:1`)
  expect(world.asked).toHaveLength(2)
  await expect(repository.image(`${name}:2`)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  world.failure = undefined
  await world.publish(`${name}:1`, amd64Image)
  world.time += 1_000
  expect((await repository.image(`${name}:1`))?.desc.digest).toBe(amd64Image.descriptor.digest)
})

it('a name that is told to have changed is asked for at once', async () => {
  const world = new World()
  await world.publish(`${name}:1`, singleImage)
  await world.publish(`${name}:2`, singleImage)
  const repository = world.published.repository(name)
  for (const tag of ['1', '2']) await repository.image(`${name}:${tag}`)
  await world.publish(`${name}:1`, amd64Image)
  world.time += 1
  world.published.changed(`${name}:1`)
  world.time += 1
  for (const _ of ['first', 'again'])
    expect((await repository.image(`${name}:1`))?.desc.digest).toBe(amd64Image.descriptor.digest)
  await repository.image(`${name}:2`)
  expect(world.asked).toEqual([`${name}:1`, `${name}:2`, `${name}:1`])
  world.published.changed()
  world.time += 1
  await repository.image(`${name}:2`)
  expect(world.asked).toHaveLength(4)
})

it('tags are those of a scan, which is made again when it is too old or something has changed', async () => {
  const world = new World()
  await world.publish(`${name}:1`, singleImage)
  await world.publish(`${name}@${arm64Image.descriptor.digest}`, arm64Image)
  await world.publish(`${name}/below:1`, singleImage)
  const repository = world.published.repository(name)
  expect(await repository.tags()).toEqual(['1'])
  await world.publish(`${name}:2`, singleImage)
  expect(await repository.tags()).toEqual(['1'])
  world.time += 1
  world.published.changed(`${name}:2`)
  world.time += 1
  expect(await repository.tags()).toEqual(['1', '2'])
  await world.names.delete(`${name}:1`)
  world.time += 30_001
  expect(await repository.tags()).toEqual(['2'])
  expect(await world.published.repositories()).toEqual([name, `${name}/below`])
})

it('a scan keeps the images whose documents it finds unchanged', async () => {
  const world = new World()
  await world.publish(`${name}:1`, singleImage)
  await world.publish(`${name}:2`, singleImage)
  const repository = world.published.repository(name)
  // A digest that nothing has: all names are read.
  expect(await repository.find(amd64Image.descriptor.digest)).toBeUndefined()
  await world.publish(`${name}:2`, arm64Image)
  world.time += 60_000
  world.asked.length = 0
  expect(await repository.find(amd64Image.descriptor.digest)).toBeUndefined()
  expect(world.asked).toEqual([`${name}:*`, `${name}@*`, `${name}:2`])
})

it('repositories that were not asked for longest are dropped first', async () => {
  const world = new World()
  const first = world.published.repository(name)
  for (let i = 0; i < 7_000; i++) {
    world.published.repository(`example.com/other-${i}`)
    if (i % 100 === 0) world.published.repository(name)
  }
  expect(world.published.repository(name)).toBe(first)
  for (let i = 0; i < 7_000; i++) world.published.repository(`example.com/more-${i}`)
  expect(world.published.repository(name)).not.toBe(first)
})
