import { createStore, MemoryDriver, readContent } from '@dist/content'
import { DistError } from '@dist/errdefs'
import { transferBlob } from '@dist/mirror'
import { fixtureBlob, seededBuffer } from '@dist/testkit/fixtures'
import { describe, expect, it } from 'vitest'
import { errorOf } from './support/errors.js'
import { manifestOf } from './support/images.js'
import { ScriptedRemote } from './support/remote.js'

const bytes = seededBuffer('lost', 4000)
const blob = fixtureBlob(bytes)
const desc = blob.descriptor

/** A transfer into a storage that loses its first writes, like uploads that are swept. */
function transferLosing(times: number) {
  const remote = new ScriptedRemote()
  remote.push(manifestOf([blob]), 'registry.test/a:1')
  const driver = new MemoryDriver()
  const draft = driver.draft.bind(driver)
  const append = () => Promise.reject(new DistError('UNAVAILABLE', 'no such upload', { lost: true }))
  let left = times
  driver.draft = async (ref, expected) => ({
    ...(await draft(ref, expected)),
    ...(left-- > 0 ? { append } : {}),
  })
  const store = createStore(driver)
  const run = () => transferBlob(desc, { fetcher: remote.fetcher(), ingester: store })
  return { remote, store, run }
}

describe('S23 a write that the target has lost', () => {
  it('starts again from byte 0', async () => {
    const { remote, store, run } = transferLosing(2)
    expect(await run()).toBe('fetched')
    expect(await store.info(desc.digest)).toMatchObject({ size: desc.size })
    expect(Buffer.compare(await readContent(store, desc, desc.size), bytes)).toBe(0)
    expect(remote.offsets).toEqual([0, 0, 0])
  })

  it('starts again a limited number of times', async () => {
    const { remote, run } = transferLosing(99)
    await expect(run()).rejects.toEqual(errorOf('UNAVAILABLE', 'no such upload'))
    expect(remote.fetches).toHaveLength(3)
  })
})
