import { createStore } from '@dist/content'
import { openLocalStore } from '@dist/content-local'
import { digestOf } from '@dist/oci'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { LocalDriver } from '../src/driver.js'
import { nodeFiles } from '../src/files/operations.js'
import { LocalLocker } from '../src/locker/locker.js'
import { StoreDirectory } from '../src/store-directory.js'
import { type Folder, folder } from './folder.js'

let root: Folder
beforeEach(() => {
  root = folder()
})
afterEach(() => root.remove())

it('Q5 a writer that gets the ref just after another one committed the expected content: ALREADY_EXISTS', async () => {
  const content = Buffer.from('content')
  const expected = { digest: digestOf(content), size: content.length }
  await using other = await openLocalStore(root.path)
  const directory = new StoreDirectory(root.path, nodeFiles)
  const locker = new LocalLocker(directory.locks)
  const acquire = locker.acquire.bind(locker)
  // Between the check of the store and the lock.
  vi.spyOn(locker, 'acquire').mockImplementationOnce(async (key, options) => {
    await using writer = await other.content.writer('ref', expected)
    await writer.write(Buffer.from(content))
    await writer.commit()
    return acquire(key, options)
  })
  const late = createStore(new LocalDriver(directory, locker))
  await expect(late.writer('ref', expected)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
  // The ref is free again.
  await using _next = await late.writer('ref', {})
})
