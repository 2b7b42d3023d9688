import { createStore, readContent } from '@dist/content'
import { DistError } from '@dist/errdefs'
import { writeRef } from '@dist/images'
import { transferBlob } from '@dist/mirror'
import { digestOf } from '@dist/oci'
import { fixtureBlob, seededBuffer } from '@dist/testkit/fixtures'
import { describe, expect, it } from 'vitest'
import { errorOf } from './support/errors.js'
import {
  type Fault,
  failing,
  flipped,
  resetAfter,
  restartAndReset,
  restarting,
  short,
  tooLong,
} from './support/faults.js'
import { manifestOf } from './support/images.js'
import { ScriptedRemote } from './support/remote.js'
import { ResumableDriver } from './support/resumable.js'

const size = 4000
const bytes = seededBuffer('blob', size)
const blob = fixtureBlob(bytes)
const desc = blob.descriptor

function newTransfer(content = blob) {
  const remote = new ScriptedRemote()
  remote.push(manifestOf([content]), 'registry.test/a:1')
  const driver = new ResumableDriver()
  const store = createStore(driver)
  const source = { fetcher: remote.fetcher(), ingester: store }
  const run = (options: Parameters<typeof transferBlob>[2] = {}) =>
    transferBlob(content.descriptor, source, options)
  return { remote, driver, store, run, content }
}

type Transfer = ReturnType<typeof newTransfer>

async function expectStored({ store, content }: Transfer): Promise<void> {
  const { descriptor } = content
  expect(
    Buffer.compare(await readContent(store, descriptor, descriptor.size), Buffer.concat([...content.open()])),
  ).toBe(0)
}

/** Nothing is visible, and the ref is free. */
async function expectNothing({ store, driver }: Transfer): Promise<void> {
  await expect(store.info(desc.digest)).rejects.toEqual(errorOf('NOT_FOUND'))
  expect(driver.left.size).toBe(0)
  const writer = await store.writer(writeRef(desc), desc)
  await writer.abort()
}

describe('transferBlob', () => {
  it('fetches, verifies and commits', async () => {
    const transfer = newTransfer()
    expect(await transfer.run()).toBe('fetched')
    await expectStored(transfer)
    expect(transfer.remote.offsets).toEqual([0])
  })

  it('fetches nothing that the target has', async () => {
    const transfer = newTransfer()
    await transfer.run()
    expect(await transfer.run()).toBe('present')
    expect(transfer.remote.fetches).toHaveLength(1)
  })

  it('commits an empty blob without a request', async () => {
    const empty = fixtureBlob('')
    const transfer = newTransfer(empty)
    expect(await transfer.run()).toBe('fetched')
    await expectStored(transfer)
    expect(transfer.remote.fetches).toEqual([])
  })

  it('verifies sha512', async () => {
    const descriptor = { ...desc, digest: digestOf(bytes, 'sha512') }
    const transfer = newTransfer({ ...blob, descriptor })
    expect(await transfer.run()).toBe('fetched')
    await expectStored(transfer)
  })

  it.each([1, 512, 1999, size - 1])('continues at byte %i of an interrupted transfer', async (offset) => {
    const transfer = newTransfer()
    transfer.driver.left.set(writeRef(desc), bytes.slice(0, offset))
    await transfer.run()
    expect(transfer.remote.offsets).toEqual([offset])
    await expectStored(transfer)
  })

  it('only commits if an interrupted transfer has all bytes', async () => {
    const transfer = newTransfer()
    transfer.driver.left.set(writeRef(desc), bytes)
    await transfer.run()
    expect(transfer.remote.fetches).toEqual([])
    await expectStored(transfer)
  })

  it('starts again from 0 if the source does', async () => {
    const transfer = newTransfer()
    transfer.driver.left.set(writeRef(desc), bytes.slice(0, 1000))
    transfer.remote.script(desc, restarting)
    await transfer.run()
    await expectStored(transfer)
  })

  it.each([
    ['are damaged', 1000],
    ['are all there and damaged', size],
  ])('fetches from the start if the bytes of an interrupted transfer %s', async (_, left) => {
    const transfer = newTransfer()
    transfer.driver.left.set(writeRef(desc), new Uint8Array(left))
    await transfer.run()
    expect(transfer.remote.offsets.at(-1)).toBe(0)
    await expectStored(transfer)
  })

  it('fetches from the start if the source refuses the offset', async () => {
    const transfer = newTransfer()
    transfer.driver.left.set(writeRef(desc), new Uint8Array(1000))
    transfer.remote.script(desc, failing(new DistError('FAILED_PRECONDITION', 'other content')))
    await transfer.run()
    expect(transfer.remote.offsets).toEqual([1000, 0])
    await expectStored(transfer)
  })

  it('starts again only once if the source is damaged', async () => {
    const transfer = newTransfer()
    transfer.driver.left.set(writeRef(desc), bytes.slice(0, 1000))
    transfer.remote.script(desc, flipped, flipped)
    await expect(transfer.run()).rejects.toEqual(errorOf('FAILED_PRECONDITION'))
    expect(transfer.remote.offsets).toEqual([1000, 0])
    await expectNothing(transfer)
  })

  it.each<[string, Fault]>([
    ['more bytes than were declared (R9)', tooLong],
    ['a flipped byte (R10)', flipped],
    ['fewer bytes than were declared', short],
  ])('commits nothing of a body with %s, and frees the ref', async (_, fault) => {
    const transfer = newTransfer()
    transfer.remote.script(desc, fault, fault)
    await expect(transfer.run()).rejects.toEqual(errorOf('FAILED_PRECONDITION', desc.digest, 'registry.test'))
    expect(transfer.remote.offsets).toEqual([0, 0])
    await expectNothing(transfer)
    await transfer.run()
    await expectStored(transfer)
  })

  it.each<[string, Fault]>([
    ['more bytes than were declared', tooLong],
    ['a flipped byte', flipped],
    ['fewer bytes than were declared', short],
  ])('fetches once more, from the start, after a body with %s', async (_, fault) => {
    const transfer = newTransfer()
    transfer.remote.script(desc, fault)
    expect(await transfer.run()).toBe('fetched')
    expect(transfer.remote.offsets).toEqual([0, 0])
    await expectStored(transfer)
  })

  it('names digest, host and the found content, each once', async () => {
    const transfer = newTransfer()
    transfer.remote.script(desc, flipped, flipped)
    const error = await transfer.run().catch((thrown: Error) => thrown)
    const parts = (error as Error).message.split(/: | \(|\): /)
    expect(parts).toEqual([
      desc.digest,
      'does not verify',
      'registry.test',
      expect.stringMatching(/^the content has digest sha256:\w{64}$/),
    ])
  })

  it('continues at the offset after any number of resets with progress (R22)', async () => {
    const transfer = newTransfer(fixtureBlob(seededBuffer('large', 400_000)))
    const [once, twice] = [70_000, 66_000]
    transfer.remote.script(transfer.content.descriptor, resetAfter(once), resetAfter(twice))
    await transfer.run()
    expect(transfer.remote.offsets).toEqual([0, once, once + twice])
    await expectStored(transfer)
  })

  it.each([0, 1000])('R27 throws if the source fails after %i bytes', async (sent) => {
    const transfer = newTransfer()
    transfer.remote.script(desc, ...new Array(20).fill(resetAfter(sent)))
    await expect(transfer.run()).rejects.toEqual(errorOf('UNAVAILABLE'))
    expect(transfer.remote.fetches).toHaveLength(1)
  })

  it('gives up if the source always starts from 0 and makes no progress', async () => {
    const transfer = newTransfer()
    const faults = new Array(20).fill([restartAndReset(1000), restartAndReset(500)]).flat()
    transfer.remote.script(desc, ...faults)
    await expect(transfer.run()).rejects.toEqual(errorOf('UNAVAILABLE'))
    expect(transfer.remote.fetches.length).toBeLessThan(10)
  })

  it('does not retry a permanent error', async () => {
    const transfer = newTransfer()
    transfer.remote.script(desc, failing(new DistError('NOT_FOUND', 'gone')))
    await expect(transfer.run()).rejects.toEqual(errorOf('NOT_FOUND', 'gone'))
    expect(transfer.remote.fetches).toHaveLength(1)
  })

  it('refuses a body that starts at another offset', async () => {
    const transfer = newTransfer()
    transfer.driver.left.set(writeRef(desc), bytes.slice(0, 1000))
    transfer.remote.script(desc, async () => ({ offset: 500, body: (async function* () {})() }))
    await expect(transfer.run()).rejects.toEqual(errorOf('INTERNAL', '1000', '500'))
  })

  it('reports the start offset and each chunk', async () => {
    const transfer = newTransfer()
    transfer.driver.left.set(writeRef(desc), bytes.slice(0, 3000))
    const offsets: number[] = []
    await transfer.run({ onProgress: (offset) => offsets.push(offset) })
    expect(offsets).toEqual([3000, 3512, size])
  })

  it('keeps the bytes for the next transfer at an abort', async () => {
    const transfer = newTransfer()
    const gate = transfer.remote.hold(desc)
    const abort = new AbortController()
    const running = transfer.run({ signal: abort.signal })
    await gate.reached
    abort.abort()
    await expect(running).rejects.toThrow()
    await transfer.run()
    expect(transfer.remote.offsets).toEqual([0, size / 2])
    await expectStored(transfer)
  })

  it('R27 does not wait for a paused source while it holds a writer', async () => {
    const transfer = newTransfer(fixtureBlob(seededBuffer('large', 400_000)))
    const later = new DistError('UNAVAILABLE', 'later', { retryAfter: 1_000_000 })
    transfer.remote.script(transfer.content.descriptor, resetAfter(100_000, later))
    await expect(transfer.run()).rejects.toBe(later)
    await transfer.run()
    expect(transfer.remote.offsets).toEqual([0, 100_000])
    await expectStored(transfer)
  })

  it('waits for another process that writes the content, and then fetches nothing (S2)', async () => {
    const transfer = newTransfer()
    const other = await transfer.store.writer(writeRef(desc), desc)
    const running = transfer.run()
    await other.write(bytes.slice())
    await other.commit()
    expect(await running).toBe('present')
    expect(transfer.remote.fetches).toEqual([])
  })

  it('takes over if that other process aborts', async () => {
    const transfer = newTransfer()
    const other = await transfer.store.writer(writeRef(desc), desc)
    const running = transfer.run()
    await other.abort()
    expect(await running).toBe('fetched')
    await expectStored(transfer)
  })

  it('sends no request after the storage has failed', async () => {
    const transfer = newTransfer()
    const draft = transfer.driver.draft.bind(transfer.driver)
    transfer.driver.draft = async (ref, expected) => ({
      ...(await draft(ref, expected)),
      append: () => Promise.reject(new DistError('UNAVAILABLE', 'the bucket is away')),
    })
    await expect(transfer.run()).rejects.toEqual(errorOf('UNAVAILABLE', 'bucket'))
    expect(transfer.remote.fetches).toHaveLength(1)
  })
})
