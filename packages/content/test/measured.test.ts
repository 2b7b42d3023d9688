import { DistError } from '@dist/errdefs'
import { digestOf } from '@dist/oci'
import { expect, it } from 'vitest'
import { createStore, MemoryDriver, MemoryNames } from '../src/index.js'
import { measuredContent, measuredNames, type StoreCall } from '../src/measured.js'

const bytes = Buffer.from('content')
const digest = digestOf(bytes)

it('the calls of a store are reported; content that is absent is no failure', async () => {
  const calls: StoreCall[] = []
  const content = measuredContent(createStore(new MemoryDriver()), (call) => calls.push(call))
  await expect(content.info(digest)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await using writer = await content.writer('a', { digest, size: bytes.byteLength })
  await writer.write(bytes)
  await writer.commit()
  expect((await content.info(digest)).size).toBe(bytes.byteLength)
  expect(calls.map(({ operation, failed }) => [operation, failed])).toEqual([
    ['info', false],
    ['commit', false],
    ['info', false],
  ])
})

it('a failure of the store is one', async () => {
  const calls: StoreCall[] = []
  const names = new MemoryNames()
  names.get = () => Promise.reject(new DistError('UNAVAILABLE', 'no store'))
  await expect(measuredNames(names, (call) => calls.push(call)).get('a')).rejects.toThrow('no store')
  expect(calls).toMatchObject([{ operation: 'get-name', failed: true }])
})
