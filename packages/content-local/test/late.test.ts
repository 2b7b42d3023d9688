import { createStore } from '@dist/content'
import { openLocalStore } from '@dist/content-local'
import { digestOf } from '@dist/oci'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { LocalDriver } from '../src/driver.js'
import { nodeFiles } from '../src/files/operations.js'
import { LocalLocker } from '../src/locker/locker.js'
import { Place } from '../src/place.js'
import { type Folder, folder } from './folder.js'

let root: Folder
beforeEach(() => {
  root = folder()
})
afterEach(() => root.remove())

it('Q5 who gets the ref just after another writer has committed what is expected has nothing to do', async () => {
  const content = Buffer.from('content')
  const expected = { digest: digestOf(content), size: content.length }
  await using other = await openLocalStore(root.path)
  const place = new Place(root.path, nodeFiles)
  const locker = new LocalLocker(place.locks)
  const acquire = locker.acquire.bind(locker)
  // Between the look into the store and the lock.
  vi.spyOn(locker, 'acquire').mockImplementationOnce(async (key, options) => {
    await using writer = await other.content.writer('ref', expected)
    await writer.write(Buffer.from(content))
    await writer.commit()
    return acquire(key, options)
  })
  const late = createStore(new LocalDriver(place, locker))
  await expect(late.writer('ref', expected)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
  // The ref is free again.
  await using _next = await late.writer('ref', {})
})
