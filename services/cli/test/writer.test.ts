import { createStore, MemoryDriver } from '@dist/content'
import { DistError } from '@dist/errdefs'
import { digestOf } from '@dist/oci'
import { expect, it, vi } from 'vitest'
import { openAmongOthers } from '../src/content/ingest.js'

const content = Buffer.from('content')
const expected = { digest: digestOf(content) }
const options = () => ({ signal: new AbortController().signal, onWait: vi.fn() })

it('a second writer waits until another writer of the same content commits', async () => {
  const store = createStore(new MemoryDriver())
  const first = await store.writer('r', expected)
  const waiting = options()
  const second = openAmongOthers(store, 'r', expected, waiting)
  await vi.waitFor(() => expect(waiting.onWait).toHaveBeenCalledTimes(1))
  await first.write(Buffer.from(content))
  await first.commit()
  await expect(second).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
})

it('a waiting writer starts after the other aborts', async () => {
  const store = createStore(new MemoryDriver())
  const first = await store.writer('r', expected)
  const waiting = options()
  const second = openAmongOthers(store, 'r', expected, waiting)
  await vi.waitFor(() => expect(waiting.onWait).toHaveBeenCalled())
  await first.abort()
  await using writer = await second
  expect(writer.status.offset).toBe(0)
})

it.each([
  ['another digest', { digest: digestOf('other') }],
  ['no digest', {}],
])('a writer with %s does not wait', async (_, other) => {
  const store = createStore(new MemoryDriver())
  await using _held = await store.writer('r', expected)
  const waiting = options()
  await expect(openAmongOthers(store, 'r', other, waiting)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect(waiting.onWait).not.toHaveBeenCalled()
})

it('a signal ends the wait', async () => {
  const store = createStore(new MemoryDriver())
  await using _held = await store.writer('r', expected)
  const controller = new AbortController()
  const second = openAmongOthers(store, 'r', expected, {
    signal: controller.signal,
    onWait: () => controller.abort('SIGINT'),
  })
  await expect(second).rejects.toMatchObject({ code: 'CANCELED' })
})

it('another failure of the store is not retried', async () => {
  const store = createStore(new MemoryDriver())
  const writer = vi.fn().mockRejectedValue(new DistError('RESOURCE_EXHAUSTED', 'the disk is full'))
  const opening = openAmongOthers({ ...store, writer }, 'r', expected, options())
  await expect(opening).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' })
  expect(writer).toHaveBeenCalledTimes(1)
})
