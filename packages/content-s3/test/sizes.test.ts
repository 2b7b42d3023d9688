import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { maxParts, minPartSize, partSize } from '../src/upload/sizes.js'

const mebibyte = 1024 * 1024
const preferred = 16 * mebibyte
const maxObjectSize = 5 * 1024 ** 4

describe('S11 the size of parts', () => {
  it('is the preferred size where 10,000 parts are enough', () => {
    expect(partSize(1, 20 * mebibyte, preferred)).toBe(preferred)
    expect(partSize(1, maxParts * preferred, preferred)).toBe(preferred)
    expect(partSize(1, maxParts * preferred + 1, preferred)).toBe(17 * mebibyte)
  })

  it('is valid and constant for every valid size', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (some) => {
        const size = some % maxObjectSize
        const part = partSize(1, size, minPartSize)
        expect(part).toBeGreaterThanOrEqual(minPartSize)
        expect(Math.ceil(size / part)).toBeLessThanOrEqual(maxParts)
        expect(partSize(maxParts, size, minPartSize)).toBe(part)
      }),
    )
  })

  it('grows with the part number where the size is unknown', () => {
    expect(partSize(1, undefined, preferred)).toBe(preferred)
    expect(partSize(1000, undefined, preferred)).toBe(preferred)
    expect(partSize(1001, undefined, preferred)).toBe(2 * preferred)
    let total = 0
    for (let number = 1; number <= maxParts; number++) total += partSize(number, undefined, preferred)
    expect(total).toBeGreaterThan(800 * 1024 ** 3)
  })

  it('is refused beyond the limits of S3', () => {
    const exhausted = expect.objectContaining({ code: 'RESOURCE_EXHAUSTED' })
    expect(() => partSize(1, maxObjectSize + 1, preferred)).toThrow(exhausted)
    expect(() => partSize(maxParts + 1, undefined, preferred)).toThrow(exhausted)
  })
})
