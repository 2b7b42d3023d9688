import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mostParts, partSize, smallestPart } from '../src/upload/sizes.js'

const mebibyte = 1024 * 1024
const preferred = 16 * mebibyte
const largest = 5 * 1024 ** 4

describe('S11 the size of parts', () => {
  it('is the preferred one where 10,000 of them are enough', () => {
    expect(partSize(1, 20 * mebibyte, preferred)).toBe(preferred)
    expect(partSize(1, mostParts * preferred, preferred)).toBe(preferred)
    expect(partSize(1, mostParts * preferred + 1, preferred)).toBe(17 * mebibyte)
  })

  it('is enough for any size that S3 takes, with parts that S3 takes, all alike', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (some) => {
        const size = some % largest
        const part = partSize(1, size, smallestPart)
        expect(part).toBeGreaterThanOrEqual(smallestPart)
        expect(Math.ceil(size / part)).toBeLessThanOrEqual(mostParts)
        expect(partSize(mostParts, size, smallestPart)).toBe(part)
      }),
    )
  })

  it('grows with the number where the size is unknown', () => {
    expect(partSize(1, undefined, preferred)).toBe(preferred)
    expect(partSize(1000, undefined, preferred)).toBe(preferred)
    expect(partSize(1001, undefined, preferred)).toBe(2 * preferred)
    let total = 0
    for (let number = 1; number <= mostParts; number++) total += partSize(number, undefined, preferred)
    expect(total).toBeGreaterThan(800 * 1024 ** 3)
  })

  it('is refused beyond what S3 takes', () => {
    const exhausted = expect.objectContaining({ code: 'RESOURCE_EXHAUSTED' })
    expect(() => partSize(1, largest + 1, preferred)).toThrow(exhausted)
    expect(() => partSize(mostParts + 1, undefined, preferred)).toThrow(exhausted)
  })
})
