import { expect, it } from 'vitest'
import { shareMemory } from '../src/memory.js'

const mebibyte = 2 ** 20

it.each([32, 64, 256, 1024, 8192])(
  'the shares of %d MiB stay within it, whatever the blobs’ size',
  (size) => {
    const { transfers, parts } = shareMemory(size * mebibyte, 64)
    // What a transfer holds for each 4 MiB that it is granted: a small object twice, or its first part.
    const gathered = (transfers.bytes / (4 * mebibyte)) * 16 * mebibyte
    expect(parts + gathered).toBeLessThanOrEqual(size * mebibyte)
    expect(transfers.bytes).toBeGreaterThanOrEqual(4 * mebibyte)
  },
)

it('threads are as many as there is memory for, and at least one', () => {
  expect(shareMemory(32 * mebibyte, 8).threads).toBe(1)
  expect(shareMemory(64 * mebibyte, 8).threads).toBe(1)
  expect(shareMemory(8192 * mebibyte, 8).threads).toBeLessThanOrEqual(8)
})
