import { covers, formatSelection, mergeSelections, parseSelection, type Selection } from '@dist/content'
import fc from 'fast-check'
import { expect, it } from 'vitest'

const platform = fc.constantFrom('linux/amd64', 'linux/arm64', 'linux/arm/v7', 'windows/amd64')
const selection: fc.Arbitrary<Selection> = fc.oneof(
  fc.constant('all' as const),
  fc.uniqueArray(platform).map((list) => list.sort()),
)

it('covers what it lists, and everything if it is all', () => {
  expect(covers('all', ['linux/amd64'])).toBe(true)
  expect(covers(['linux/amd64', 'linux/arm64'], ['linux/arm64'])).toBe(true)
  expect(covers(['linux/amd64'], ['linux/arm64'])).toBe(false)
  expect(covers(['linux/amd64'], 'all')).toBe(false)
})

it('merges into the sorted union', () => {
  fc.assert(
    fc.property(selection, selection, (a, b) => {
      const merged = mergeSelections(a, b)
      expect(covers(merged, a)).toBe(true)
      expect(covers(merged, b)).toBe(true)
      if (merged !== 'all') expect(merged).toEqual([...new Set(merged)].sort())
      expect(mergeSelections(b, a)).toEqual(merged)
    }),
  )
})

it('is formatted as one line that parses to the same selection', () => {
  fc.assert(
    fc.property(selection, (each) => {
      expect(parseSelection(formatSelection(each))).toEqual(each)
    }),
  )
})
