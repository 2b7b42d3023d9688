import { digestOf } from '@dist/oci'
import { describe, expect, it } from 'vitest'
import { isUnchanged, requestedRange } from '../src/conditional.js'

const digest = digestOf('hello')
const etag = `"${digest}"`

describe('W2 the range of a request for 100 bytes', () => {
  it.each([
    [undefined, 'whole'],
    ['bytes=0-', { first: 0, last: 99 }],
    ['bytes=0-0', { first: 0, last: 0 }],
    ['bytes=10-19', { first: 10, last: 19 }],
    ['bytes=99-', { first: 99, last: 99 }],
    ['bytes=90-200', { first: 90, last: 99 }],
    ['bytes=-1', { first: 99, last: 99 }],
    ['bytes=-200', { first: 0, last: 99 }],
    ['Bytes=1-2', { first: 1, last: 2 }],
    ['bytes=100-', 'none'],
    ['bytes=100-200', 'none'],
    ['bytes=-0', 'none'],
    ['bytes=2-1', 'whole'],
    ['bytes=-', 'whole'],
    ['bytes=a-b', 'whole'],
    ['bytes=0-1,5-6', 'whole'],
    ['bytes=0-99999999999999999', 'whole'],
    ['items=0-1', 'whole'],
    ['bytes 0-1', 'whole'],
  ])('%s is %j', (range, expected) => {
    expect(requestedRange({ range }, digest, 100)).toEqual(expected)
  })

  it('of content without bytes cannot be satisfied', () => {
    expect(requestedRange({ range: 'bytes=0-' }, digest, 0)).toBe('none')
    expect(requestedRange({ range: 'bytes=-1' }, digest, 0)).toBe('none')
    expect(requestedRange({}, digest, 0)).toBe('whole')
  })

  it('counts with If-Range only for this content', () => {
    const range = 'bytes=1-2'
    expect(requestedRange({ range, 'if-range': etag }, digest, 100)).toEqual({ first: 1, last: 2 })
    for (const other of [`W/${etag}`, '"other"', 'Sat, 28 Nov 2026 10:00:00 GMT'])
      expect(requestedRange({ range, 'if-range': other }, digest, 100)).toBe('whole')
  })
})

describe('If-None-Match', () => {
  it.each([etag, `W/${etag}`, `"a", ${etag}`, '*', digest])('%s holds for the content', (header) => {
    expect(isUnchanged(header, digest)).toBe(true)
  })

  it.each([undefined, '', '"a"', digest.slice(7)])('%s does not', (header) => {
    expect(isUnchanged(header, digest)).toBe(false)
  })
})
