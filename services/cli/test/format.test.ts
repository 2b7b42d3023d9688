import { expect, it } from 'vitest'
import { formatBytes, formatDuration } from '../src/output/format.js'

it.each([
  [undefined, '-'],
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [150 * 1024, '150 KiB'],
  [5.25 * 1024 ** 2, '5.3 MiB'],
  [3 * 1024 ** 6, '3072 PiB'],
])('%s bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text)
})

it.each([
  [-5, '0.0s'],
  [840, '0.8s'],
  [12_000, '12s'],
  [200_000, '3m20s'],
  [7_500_000, '2h05m'],
  [4 * 86_400_000, '4d'],
])('%i ms are %s', (milliseconds, text) => {
  expect(formatDuration(milliseconds)).toBe(text)
})
