import { DistError } from '@dist/errdefs'
import type { MirrorEvent } from '@dist/mirror'
import { describe, expect, it } from 'vitest'
import { errorOf } from './support/errors.js'
import { failing, flipped } from './support/faults.js'
import { Gate } from './support/gate.js'
import { blobAt, imageOf, twoPlatforms } from './support/images.js'
import { arm64, newWorld } from './support/world.js'

const [a, b, c] = ['registry.test/a:1', 'registry.test/b:1', 'registry.test/c:1'] as const
const gone = new DistError('NOT_FOUND', 'gone')

describe('mirrorImages', () => {
  it('transfers an image and publishes it', async () => {
    const world = newWorld()
    const image = imageOf(['x'])
    world.remote.push(image, a)
    const bytes = image.blobs.reduce((sum, { descriptor }) => sum + descriptor.size, image.descriptor.size)
    const [outcome] = await world.mirror([a])
    expect(outcome).toMatchObject({
      desc: { digest: image.descriptor.digest },
      upToDate: false,
      fetched: { objects: 3, bytes },
      total: { objects: 3, bytes },
      skipped: [],
    })
    expect(outcome).not.toHaveProperty('error')
    expect((await world.names.get(a)).desc.digest).toBe(image.descriptor.digest)
  })

  it('does nothing the second time', async () => {
    const world = newWorld()
    world.remote.push(imageOf(['x']), a)
    await world.mirror([a])
    world.remote.fetches.length = 0
    world.names.put = () => Promise.reject(new Error('published again'))
    const [outcome] = await world.mirror([a])
    expect(outcome).not.toHaveProperty('error')
    expect(outcome).toMatchObject({
      upToDate: true,
      fetched: { objects: 0, bytes: 0 },
      total: { objects: 3 },
    })
    expect(world.remote.fetches).toEqual([])
  })

  it('fetches blobs that images share once (Q5)', async () => {
    const world = newWorld()
    const images = [imageOf(['shared', 'x']), imageOf(['shared', 'y']), imageOf(['shared', 'z'])]
    for (const [i, image] of images.entries()) world.remote.push(image, [a, b, c][i] ?? '')
    const outcomes = await world.mirror([a, b, c])
    expect(outcomes.filter((outcome) => 'error' in outcome)).toEqual([])
    expect(world.remote.fetchesOf(blobAt(imageOf(['shared']), 1))).toBe(1)
    expect(new Set(world.remote.fetches).size).toBe(world.remote.fetches.length)
    // Reported once for each fetched object: three manifests, three configs, four layers.
    expect(outcomes.reduce((sum, { fetched }) => sum + fetched.objects, 0)).toBe(10)
  })

  it('fetches each blob once for a reference that is given twice (Q5)', async () => {
    const world = newWorld()
    const image = imageOf(['x'])
    world.remote.push(image, a)
    const outcomes = await world.mirror([a, a])
    expect(outcomes.filter((outcome) => 'error' in outcome)).toEqual([])
    expect(world.remote.fetchesOf(blobAt(image, 1))).toBe(1)
  })

  it('fetches only the requested platforms', async () => {
    const world = newWorld()
    const { index, arm64: taken, amd64: left } = twoPlatforms()
    world.remote.push(index, a)
    await world.mirror([a], { platforms: arm64 })
    expect(await world.has(taken.descriptor)).toBe(true)
    expect(await world.has(left.descriptor)).toBe(false)
  })

  it('mirrors other images if one fails, and returns outcomes in order', async () => {
    const world = newWorld()
    world.remote.push(imageOf(['x']), a)
    world.remote.push(imageOf(['y']), c)
    const outcomes = await world.mirror([a, b, c])
    expect(outcomes.map(({ reference }) => reference.repository)).toEqual(['a', 'b', 'c'])
    expect(outcomes.map(({ error }) => error)).toEqual([undefined, errorOf('NOT_FOUND', b), undefined])
    await expect(world.names.get(b)).rejects.toEqual(errorOf('NOT_FOUND'))
    await world.names.get(c)
  })

  it('publishes nothing of an image whose blob does not verify (R10)', async () => {
    const world = newWorld()
    const image = imageOf(['x'])
    world.remote.push(image, a)
    world.remote.script(blobAt(image, 1), flipped, flipped)
    const [outcome] = await world.mirror([a])
    expect(outcome?.error).toEqual(errorOf('FAILED_PRECONDITION', blobAt(image, 1).digest))
    await expect(world.names.get(a)).rejects.toEqual(errorOf('NOT_FOUND'))
  })

  it('publishes nothing of an image whose manifest does not verify (R10)', async () => {
    const world = newWorld()
    const { index, amd64: child } = twoPlatforms()
    world.remote.push(index, a)
    world.remote.script(child.descriptor, flipped, flipped)
    const [outcome] = await world.mirror([a])
    expect(outcome?.error).toEqual(errorOf('FAILED_PRECONDITION', child.descriptor.digest))
    expect(await world.has(child.descriptor)).toBe(false)
  })

  it('cancels the other transfers of an image at its first failure, and returns that failure', async () => {
    const world = newWorld()
    const image = imageOf(['x', 'y'])
    world.remote.push(image, a)
    const gate = world.remote.hold(blobAt(image, 1))
    world.remote.script(blobAt(image, 2), async () => {
      await gate.reached
      throw gone
    })
    // The gate is never released: this ends only if the transfer behind it is aborted.
    const [outcome] = await world.mirror([a])
    expect(outcome?.error).toBe(gone)
    expect(world.remote.fetchesOf(blobAt(image, 1))).toBe(1)
  })

  it('reports them as canceled, not as a retryable failure', async () => {
    const world = newWorld()
    const image = imageOf(['x', 'y'])
    world.remote.push(image, a)
    const gate = new Gate()
    let signal: AbortSignal | undefined
    world.remote.script(blobAt(image, 1), async (request) => {
      signal = request.signal
      return gate.fault(request)
    })
    world.remote.script(blobAt(image, 2), async () => {
      await gate.reached
      throw gone
    })
    await world.mirror([a])
    expect(signal?.reason).toEqual(errorOf('CANCELED', blobAt(image, 2).digest))
  })

  it('counts the objects that an image has fetched before it failed', async () => {
    const world = newWorld()
    const image = imageOf(['x'])
    world.remote.push(image, a)
    world.remote.script(blobAt(image, 1), async () => {
      await expect.poll(() => world.has(blobAt(image, 0))).toBe(true)
      throw gone
    })
    const [outcome] = await world.mirror([a])
    expect(outcome).toMatchObject({ error: gone, fetched: { objects: 2 }, total: { objects: 3 } })
  })

  it('lets another image that waits for the same blob fetch it', async () => {
    const world = newWorld()
    const failingImage = imageOf(['shared', 'x'])
    const waitingImage = imageOf(['shared'])
    world.remote.push(failingImage, a)
    world.remote.push(waitingImage, b)
    const shared = blobAt(waitingImage, 1)
    const gate = world.remote.hold(shared)
    let told = () => {}
    const waits = new Promise<void>((resolve) => {
      told = resolve
    })
    world.remote.script(blobAt(failingImage, 2), async () => {
      await Promise.all([gate.reached, waits])
      throw gone
    })
    const onEvent = (event: MirrorEvent) => {
      if (event.type === 'object' && event.desc.digest === shared.digest && event.reference === b) told()
    }
    const [failed, succeeded] = await world.mirror([a, b], { onEvent })
    expect(failed?.error).toBe(gone)
    expect(succeeded).not.toHaveProperty('error')
    expect(world.remote.fetchesOf(shared)).toBe(2)
    await world.names.get(b)
  })

  it('reports images that the signal aborted as CANCELED, and publishes none of them', async () => {
    const world = newWorld()
    const image = imageOf(['x'])
    world.remote.push(image, a)
    const gate = world.remote.hold(blobAt(image, 1))
    const abort = new AbortController()
    const running = world.mirror([a], { signal: abort.signal })
    await gate.reached
    abort.abort()
    expect(await running).toMatchObject([{ error: errorOf('CANCELED') }])
    await expect(world.names.get(a)).rejects.toEqual(errorOf('NOT_FOUND'))
  })

  it('sends no request if the signal has aborted before', async () => {
    const world = newWorld()
    const outcomes = await world.mirror([a, b], { signal: AbortSignal.abort() })
    expect(outcomes).toMatchObject([{ error: errorOf('CANCELED') }, { error: errorOf('CANCELED') }])
    expect(world.remote.resolutions).toEqual([])
  })

  it('fetches only missing content after a failure', async () => {
    const world = newWorld()
    const image = imageOf(['x', 'y'])
    world.remote.push(image, a)
    world.remote.script(blobAt(image, 2), failing(gone))
    await world.mirror([a])
    const [outcome] = await world.mirror([a])
    expect(outcome).not.toHaveProperty('error')
    expect(world.remote.fetchesOf(blobAt(image, 0))).toBe(1)
    expect(world.remote.fetchesOf(blobAt(image, 2))).toBe(2)
  })
})
