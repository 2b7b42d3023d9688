import { readContent } from '@dist/content'
import { writeRef } from '@dist/images'
import { fixtureBlob, seededBuffer } from '@dist/testkit/fixtures'
import { describe, expect, it } from 'vitest'
import { errorOf } from './support/errors.js'
import { describedAs, manifestOf } from './support/images.js'
import { LosableLocker } from './support/locker.js'
import { ResumableDriver } from './support/resumable.js'
import { newWorld, type WorldOptions } from './support/world.js'

const bytes = seededBuffer('blob', 4000)
const blob = fixtureBlob(bytes)
const desc = blob.descriptor

function worldWithBlob(options?: WorldOptions) {
  const world = newWorld(options)
  world.remote.push(manifestOf([blob]), 'registry.test/a:1')
  return world
}

describe('ingestBlob', () => {
  it('fetches missing content, and finds it present the next time', async () => {
    const world = worldWithBlob()
    expect(await world.ingest(desc)).toBe('fetched')
    expect(await world.ingest(desc)).toBe('present')
    expect(world.remote.fetches).toEqual([desc.digest])
  })

  it('fetches once for many calls at the same time (S1)', async () => {
    const world = worldWithBlob()
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => world.ingest(desc)))
    expect(outcomes.filter((outcome) => outcome === 'fetched')).toHaveLength(1)
    expect(world.remote.fetches).toHaveLength(1)
  })

  it('lets a waiting call take over from an aborted one', async () => {
    const world = worldWithBlob({ driver: new ResumableDriver() })
    const gate = world.remote.hold(desc)
    const abort = new AbortController()
    const first = world.ingest(desc, { signal: abort.signal })
    const second = world.ingest(desc)
    await gate.reached
    abort.abort()
    await expect(first).rejects.toThrow()
    expect(await second).toBe('fetched')
    expect(world.remote.offsets).toEqual([0, 2000])
    expect(Buffer.compare(await readContent(world.content, desc, 4000), bytes)).toBe(0)
  })

  it('aborts a waiting call without affecting the one that fetches', async () => {
    const world = worldWithBlob()
    const gate = world.remote.hold(desc)
    const first = world.ingest(desc)
    await gate.reached
    const abort = new AbortController()
    const second = world.ingest(desc, { signal: abort.signal })
    abort.abort()
    await expect(second).rejects.toEqual(errorOf('CANCELED'))
    gate.release()
    expect(await first).toBe('fetched')
  })

  it('finds content present that a process without our locks commits meanwhile', async () => {
    const world = worldWithBlob()
    const other = await world.content.writer(writeRef(desc), desc)
    const waiting = world.ingest(desc)
    await other.write(bytes.slice())
    await other.commit()
    expect(await waiting).toBe('present')
    expect(world.remote.fetches).toEqual([])
  })

  it('stops the transfer with a retryable error if the lock is lost (S5)', async () => {
    const locker = new LosableLocker()
    const world = worldWithBlob({ locker })
    const gate = world.remote.hold(desc)
    const running = world.ingest(desc)
    await gate.reached
    locker.loseAll()
    await expect(running).rejects.toEqual(errorOf('UNAVAILABLE', 'lock lost', desc.digest))
    expect(await world.has(desc)).toBe(false)
    expect(await world.ingest(desc)).toBe('fetched')
  })

  it('stops waiting for the budget if the lock is lost (S5)', async () => {
    const locker = new LosableLocker()
    const world = worldWithBlob({ locker, limits: { bytes: 1000, transfers: 1 } })
    const turn = await world.budget.acquire(1)
    const running = world.ingest(desc)
    const expected = expect(running).rejects.toEqual(errorOf('UNAVAILABLE', 'lock lost'))
    await new Promise(setImmediate)
    locker.loseAll()
    await expected
    turn[Symbol.dispose]()
    expect(world.remote.fetches).toEqual([])
  })

  it('throws the abort, not the lost lock, if both happen', async () => {
    const locker = new LosableLocker()
    const world = worldWithBlob({ locker })
    const gate = world.remote.hold(desc)
    const abort = new AbortController()
    const running = world.ingest(desc, { signal: abort.signal })
    await gate.reached
    abort.abort()
    locker.loseAll()
    await expect(running).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('refuses content that is stored with another size (R16)', async () => {
    const world = worldWithBlob()
    await world.ingest(desc)
    const { descriptor } = describedAs(blob, { size: 3999 })
    await expect(world.ingest(descriptor)).rejects.toEqual(errorOf('FAILED_PRECONDITION', '4000', '3999'))
  })

  it('never runs more transfers than the budget allows', async () => {
    const world = newWorld({ limits: { bytes: 1024 * 1024, transfers: 2 } })
    const blobs = ['a', 'b', 'c'].map((seed) => fixtureBlob(seededBuffer(seed, 1000)))
    world.remote.push(manifestOf(blobs), 'registry.test/a:1')
    const gates = blobs.map(({ descriptor }) => world.remote.hold(descriptor))
    const running = Promise.all(blobs.map(({ descriptor }) => world.ingest(descriptor)))
    await Promise.all(gates.slice(0, 2).map((gate) => gate.reached))
    expect(world.remote.fetches).toHaveLength(2)
    for (const gate of gates) gate.release()
    expect(await running).toEqual(['fetched', 'fetched', 'fetched'])
  })
})
