import { DistError } from '@dist/errdefs'
import { writeRef } from '@dist/images'
import { describe, expect, it } from 'vitest'
import { errorOf } from './support/errors.js'
import { type Fault, failing, flipped, short, tooLong } from './support/faults.js'
import { twoPlatforms } from './support/images.js'
import { newWorld } from './support/world.js'

const name = 'registry.test/a:1'

function worldWithIndex() {
  const world = newWorld()
  const { index, amd64: child } = twoPlatforms()
  world.remote.push(index, name)
  return { world, index, child }
}

describe('the manifests that planning fetches', () => {
  it.each<[string, Fault]>([
    ['more bytes than were declared (R9)', tooLong],
    ['a flipped byte (R10)', flipped],
    ['fewer bytes than were declared', short],
  ])('are refused with %s, and nothing becomes visible', async (_, fault) => {
    const { world, child } = worldWithIndex()
    world.remote.script(child.descriptor, fault, fault)
    await expect(world.plan(name)).rejects.toEqual(
      errorOf('FAILED_PRECONDITION', child.descriptor.digest, 'registry.test', 'the content has'),
    )
    expect(world.remote.fetchesOf(child.descriptor)).toBe(2)
    expect(await world.has(child.descriptor)).toBe(false)
    expect((await world.plan(name)).missing).toHaveLength(5)
  })

  it('are fetched once more if they do not verify', async () => {
    const { world, child } = worldWithIndex()
    world.remote.script(child.descriptor, flipped)
    expect((await world.plan(name)).missing).toHaveLength(5)
    expect(world.remote.fetchesOf(child.descriptor)).toBe(2)
  })

  it('are refused if they are damaged in the store; the error says what to do', async () => {
    const { world, index, child } = worldWithIndex()
    await world.plan(name)
    const read = world.driver.read.bind(world.driver)
    world.driver.read = (digest, options) =>
      read(digest === child.descriptor.digest ? index.descriptor.digest : digest, options)
    await expect(world.plan(name)).rejects.toEqual(
      errorOf('FAILED_PRECONDITION', child.descriptor.digest, 'delete it and pull again'),
    )
  })

  it('may be committed by another process at the same time', async () => {
    const { world, child } = worldWithIndex()
    const gate = world.remote.hold(child.descriptor)
    const planning = world.plan(name)
    await gate.reached
    const other = await world.content.writer(writeRef(child.descriptor), child.descriptor)
    await other.write(Buffer.from(child.content))
    gate.release()
    await other.commit()
    expect((await planning).missing).toHaveLength(5)
  })

  it('are no longer waited for after an abort', async () => {
    const { world, index } = worldWithIndex()
    await using _other = await world.content.writer(writeRef(index.descriptor), index.descriptor)
    const abort = new AbortController()
    const onEvent = () => setImmediate(() => abort.abort())
    const planning = world.plan(name, { signal: abort.signal, onEvent })
    await expect(planning).rejects.toEqual(errorOf('CANCELED'))
  })

  it('abort the walk if one cannot be fetched', async () => {
    const { world, child } = worldWithIndex()
    const gate = world.remote.hold(twoPlatforms().arm64.descriptor)
    world.remote.script(child.descriptor, async (request) => {
      await gate.reached
      return failing(new DistError('NOT_FOUND', 'gone'))(request)
    })
    // The gate is never released: this ends only if the other fetch is aborted.
    await expect(world.plan(name)).rejects.toEqual(errorOf('NOT_FOUND', 'gone'))
  })
})
