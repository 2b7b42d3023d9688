import { createStore, MemoryDriver } from '@dist/content'
import { DistError } from '@dist/errdefs'
import { digestOf } from '@dist/oci'
import { expect, it, vi } from 'vitest'
import { openAmongOthers } from '../src/content/ingest.js'

const content = Buffer.from('content')
const expected = { digest: digestOf(content) }
const options = () => ({ signal: new AbortController().signal, onWait: vi.fn() })

it('waits while another writes the same content, which is there then', async () => {
  const store = createStore(new MemoryDriver())
  const first = await store.writer('r', expected)
  const waiting = options()
  const second = openAmongOthers(store, 'r', expected, waiting)
  await vi.waitFor(() => expect(waiting.onWait).toHaveBeenCalledTimes(1))
  await first.write(Buffer.from(content))
  await first.commit()
  await expect(second).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
})

it('goes on where another gave up', async () => {
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
])('does not wait with %s', async (_, other) => {
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

it('a store that fails otherwise is not asked again', async () => {
  const store = createStore(new MemoryDriver())
  const writer = vi.fn().mockRejectedValue(new DistError('RESOURCE_EXHAUSTED', 'the disk is full'))
  const opening = openAmongOthers({ ...store, writer }, 'r', expected, options())
  await expect(opening).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' })
  expect(writer).toHaveBeenCalledTimes(1)
})
