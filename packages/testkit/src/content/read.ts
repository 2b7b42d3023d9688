import { gather } from '@dist/content'
import { expect, it } from 'vitest'
import { all, bytesOf, put, sample } from './sample.js'
import type { Current } from './suite.js'

const size = 2 * 1024 * 1024 + 5

export function storesRead(store: Current): void {
  it.each([1, 65_536, 1024 * 1024, size - 1])('from an offset of %i to the end', async (offset) => {
    const blob = sample('offset', size)
    await put(store(), 'ref', blob)
    const rest = await bytesOf(store(), blob.digest, offset)
    expect(rest.equals(blob.content.subarray(offset))).toBe(true)
  })

  it.each([10, size])('nothing from exactly the end of %i', async (length) => {
    const blob = sample('end', length)
    await put(store(), 'ref', blob)
    expect((await bytesOf(store(), blob.digest, length)).byteLength).toBe(0)
  })

  it.each([10, size])('INVALID_ARGUMENT beyond the end of %i', async (length) => {
    const blob = sample('beyond', length)
    await put(store(), 'ref', blob)
    await expect(store().open(blob, { offset: length + 1 })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
  })

  it.each([
    [0, 1],
    [0, 70_000],
    [65_536, 1_000_000],
    [size - 3, 10],
    [5, size],
  ])('from an offset of %i at least %i bytes, as far as there are', async (offset, length) => {
    const blob = sample('part', size)
    await put(store(), 'ref', blob)
    const part = await gather(await store().open(blob, { offset, length }), size, blob.digest)
    const expected = Buffer.from(blob.content.subarray(offset, offset + part.byteLength))
    expect(part.byteLength).toBeGreaterThanOrEqual(Math.min(length, size - offset))
    expect(expected.equals(part)).toBe(true)
  })

  it('NOT_FOUND for what was never written', async () => {
    await expect(store().open(sample('never', 3))).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it.each([1000, size])('chunks of %i that belong to the reader', async (length) => {
    const blob = sample('owned', length)
    await put(store(), 'ref', blob)
    for await (const chunk of await store().open(blob)) chunk.fill(0)
    expect((await bytesOf(store(), blob.digest)).equals(blob.content)).toBe(true)
    const chunks = await all(await store().open(blob))
    for (const chunk of chunks.slice(1)) chunk.fill(0)
    const first = chunks[0] ?? new Uint8Array()
    expect(Buffer.from(first).equals(blob.content.subarray(0, first.byteLength))).toBe(true)
  })

  it('several readers of one content, at different speeds', async () => {
    const blob = sample('readers', size)
    await put(store(), 'ref', blob)
    const slow = (await store().open(blob))[Symbol.asyncIterator]()
    const first = await slow.next()
    expect((await bytesOf(store(), blob.digest)).equals(blob.content)).toBe(true)
    let read = first.done ? 0 : first.value.byteLength
    for (let step = await slow.next(); !step.done; step = await slow.next()) read += step.value.byteLength
    expect(read).toBe(size)
  })

  it('and lets a reader stop early', async () => {
    const blob = sample('early', size)
    await put(store(), 'ref', blob)
    for await (const chunk of await store().open(blob)) {
      expect(chunk.byteLength).toBeGreaterThan(0)
      break
    }
    await store().delete(blob.digest)
    await expect(store().open(blob)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
}
