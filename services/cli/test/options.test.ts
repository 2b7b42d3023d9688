import { InvalidArgumentError } from 'commander'
import { expect, it } from 'vitest'
import { byteCount, collect, duration, positive } from '../src/options.js'

it.each([
  ['30s', 30_000],
  ['1m30s', 90_000],
  ['500ms', 500],
  ['1.5h', 5_400_000],
  ['24h', 86_400_000],
  ['7d', 604_800_000],
  ['0', 0],
])('the duration %s is %i ms', (text, milliseconds) => {
  expect(duration(text)).toBe(milliseconds)
})

it.each(['', '30', 's', '30 s', '-1s', '1m30', 'soon', '1s,2s'])('"%s" is not a duration', (text) => {
  expect(() => duration(text)).toThrow(InvalidArgumentError)
})

it.each(['', '-1', '1.5', '1e99', 'many', '0x'])('"%s" is not a number of bytes', (text) => {
  expect(() => byteCount(text)).toThrow(InvalidArgumentError)
})

it('0 is a valid size, but not a valid number of transfers', () => {
  expect(byteCount('0')).toBe(0)
  expect(positive('3')).toBe(3)
  expect(() => positive('0')).toThrow(InvalidArgumentError)
})

it('a repeated option collects its values', () => {
  expect(collect('b', collect('a', undefined))).toEqual(['a', 'b'])
})
