import { writerMemory } from '@dist/content-s3/memory'
import { transferMemory } from '@dist/mirror'
import { expect, it } from 'vitest'
import { shareMemory } from '../src/memory.js'

const mebibyte = 2 ** 20

it.each([32, 64, 256, 1024, 8192])('the shares of %d MiB do not exceed it, for blobs of any size', (size) => {
  const { transfers, parts } = shareMemory(size * mebibyte, 64)
  const held = (transfers.bytes / transferMemory) * writerMemory
  expect(parts + held).toBeLessThanOrEqual(size * mebibyte)
  expect(transfers.bytes).toBeGreaterThanOrEqual(transferMemory)
})

it('the shares of 256 MiB are 28 MiB of transfers, and 120 MiB of parts', () => {
  expect(shareMemory(256 * mebibyte, 64)).toMatchObject({
    transfers: { bytes: 28 * mebibyte, transfers: 64 },
    parts: 120 * mebibyte,
  })
})

it('the number of threads fits the memory, and is at least one', () => {
  expect(shareMemory(32 * mebibyte, 8).threads).toBe(1)
  expect(shareMemory(64 * mebibyte, 8).threads).toBe(1)
  expect(shareMemory(8192 * mebibyte, 8).threads).toBeLessThanOrEqual(8)
})
