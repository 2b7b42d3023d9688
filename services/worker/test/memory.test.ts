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
