import { expect, it } from 'vitest'
import { lockHeldError, parseRival } from '../src/lock/rival.js'

const token = '0123456789abcdef'.repeat(2)

it('is undefined when Redis has granted the lock', () => {
  expect(parseRival(null)).toBeUndefined()
})

it('has the time and the holder of a locked key', () => {
  const rival = parseRival([`${token} 1700000000 worker 3`, 4200])
  expect(rival).toEqual({ since: new Date(1_700_000_000_000), owner: 'worker 3', leftMs: 4200 })
  const error = lockHeldError('sha256:abc', rival ?? { leftMs: 0 })
  expect(error).toMatchObject({ code: 'UNAVAILABLE', retryable: true })
  expect(error.message).toBe('sha256:abc is locked since 2023-11-14T22:13:20.000Z by worker 3')
})

it.each([
  [['something else', 10], { leftMs: 10 }],
  [[`${token} 99999999999999999 x`, -1], { leftMs: 0 }],
  [[null, null], { leftMs: 0 }],
  [[], { leftMs: 0 }],
  [[`${token} 1 `, 'x'], { since: new Date(1000), leftMs: 0 }],
])('is a rival for any value of the lock: %j', (reply, rival) => {
  expect(parseRival(reply)).toEqual(rival)
  expect(lockHeldError('key', parseRival(reply) ?? { leftMs: 0 }).message).toMatch(/^key is locked/)
})

it('has no control characters in its owner', () => {
  expect(parseRival([`${token} 1 \u001b[2J\nx`, 1])?.owner).not.toMatch(/\p{Cc}/u)
})
