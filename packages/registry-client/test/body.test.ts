import { expect, test, vi } from 'vitest'
import { Body } from '../src/http/body.js'
import { Throughput } from '../src/http/throughput.js'

function bodyOf() {
  const flow = { pause: vi.fn(), resume: vi.fn(), abort: vi.fn() }
  const onEnd = vi.fn()
  const throughput = new Throughput({ bytesPerSecond: 0, window: 1000 })
  return { flow, onEnd, body: new Body(flow, { throughput, onEnd, tooSlow: () => new Error('slow') }) }
}

const chunk = (size: number) => new Uint8Array(size)

test('a slow reader holds the source back instead of filling the memory', async () => {
  const { body, flow } = bodyOf()
  for (let i = 0; i < 8; i++) body.push(chunk(64 * 1024))
  expect(flow.pause).toHaveBeenCalledTimes(1)
  for (let i = 0; i < 5; i++) await body.next()
  expect(flow.resume).not.toHaveBeenCalled()
  await body.next()
  expect(flow.resume).toHaveBeenCalledTimes(1)
})

test('chunks are handed on as they are, without a copy', async () => {
  const { body } = bodyOf()
  const early = chunk(3)
  body.push(early)
  expect((await body.next()).value).toBe(early)
  const waited = body.next()
  const late = chunk(3)
  body.push(late)
  expect((await waited).value).toBe(late)
})

test('chunks received before a failure are read before it', async () => {
  const { body } = bodyOf()
  body.push(chunk(1))
  body.fail(new Error('broke'))
  expect((await body.next()).done).toBe(false)
  await expect(body.next()).rejects.toThrow('broke')
  await expect(body.next()).rejects.toThrow('broke')
})

test('onEnd is called once, whatever ends the body', async () => {
  const { body, onEnd, flow } = bodyOf()
  body.push(chunk(5))
  await body.return()
  body.end()
  body.fail(new Error('late'))
  body.push(chunk(5))
  expect(onEnd.mock.calls).toEqual([[5]])
  expect(flow.abort).toHaveBeenCalledTimes(1)
  expect((await body.next()).done).toBe(true)
})

test('a short rest is read so that the connection can be reused, a long one is not', async () => {
  const short = bodyOf()
  short.body.push(chunk(10))
  short.body.end()
  await short.body.discard()
  expect(short.flow.abort).not.toHaveBeenCalled()
  const long = bodyOf()
  long.body.push(chunk(100_000))
  await long.body.discard()
  expect(long.flow.abort).toHaveBeenCalledTimes(1)
})

test('R26 of a body only the start that is wanted is kept', async () => {
  const { body, flow } = bodyOf()
  body.push(chunk(6))
  body.push(chunk(6))
  expect((await body.start(8)).byteLength).toBe(8)
  expect(flow.abort).toHaveBeenCalledTimes(1)
})

test('R21 throughput counts the time waited for the source, over whole windows', () => {
  const meter = new Throughput({ bytesPerSecond: 1000, window: 2000 })
  expect(meter.record(1999, 1)).toBe(true)
  expect(meter.record(1, 1)).toBe(false)
  expect(meter.record(2000, 2000)).toBe(true)
  // A reader that took its time waited for nothing.
  for (let i = 0; i < 1000; i++) expect(meter.record(0, 1)).toBe(true)
})
