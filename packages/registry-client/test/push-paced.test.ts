import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { paced } from '../src/http/outgoing.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const piecesOf = (body: Parameters<typeof paced>[0], onStall: () => void) =>
  (paced(body, 1000, { onStall, onSent: () => {} }) as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]()

test('R21 a piece that is not taken in time is a stall; a slow source is not', async () => {
  let give = (_piece: Uint8Array) => {}
  async function* slow() {
    for (let i = 0; i < 2; i++)
      yield await new Promise<Uint8Array>((resolve) => {
        give = resolve
      })
  }
  const onStall = vi.fn()
  const pieces = piecesOf(slow(), onStall)
  const first = pieces.next()
  await vi.advanceTimersByTimeAsync(60_000)
  give(Buffer.from('a'))
  await first
  await vi.advanceTimersByTimeAsync(999)
  const second = pieces.next()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(onStall).not.toHaveBeenCalled()
  give(Buffer.from('b'))
  await second
  await vi.advanceTimersByTimeAsync(1000)
  expect(onStall).toHaveBeenCalledOnce()
})

test('an aborted body leaves no timer behind', async () => {
  const pieces = piecesOf(Buffer.alloc(1024 * 1024), () => {})
  await pieces.next()
  expect(vi.getTimerCount()).toBe(1)
  await pieces.return?.()
  expect(vi.getTimerCount()).toBe(0)
})

test('bytes are handed over in pieces that a slow line can take, and all of them', async () => {
  const body = Buffer.alloc(1_000_001, 7)
  const taken: Uint8Array[] = []
  let sent = 0
  const listeners = {
    onStall: () => {},
    onSent: (bytes: number) => {
      sent += bytes
    },
  }
  for await (const piece of paced(body, 1000, listeners) as AsyncIterable<Uint8Array>) taken.push(piece)
  expect(sent).toBe(body.byteLength)
  expect(Buffer.concat(taken).equals(body)).toBe(true)
  expect(Math.max(...taken.map(({ byteLength }) => byteLength))).toBeLessThanOrEqual(128 * 1024)
  expect(paced('form', 1000, listeners)).toBe('form')
})
