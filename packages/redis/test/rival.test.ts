import { expect, it } from 'vitest'
import { lockedBy, parseRival } from '../src/lock/rival.js'

const token = '0123456789abcdef'.repeat(2)

it('is nobody when Redis has granted the lock', () => {
  expect(parseRival(null)).toBeUndefined()
})

it('tells since when and by whom a key is locked', () => {
  const rival = parseRival([`${token} 1700000000 worker 3`, 4200])
  expect(rival).toEqual({ since: new Date(1_700_000_000_000), owner: 'worker 3', left: 4200 })
  const error = lockedBy('sha256:abc', rival ?? { left: 0 })
  expect(error).toMatchObject({ code: 'UNAVAILABLE', retryable: true })
  expect(error.message).toBe('sha256:abc is locked since 2023-11-14T22:13:20.000Z by worker 3')
})

it.each([
  [['something else', 10], { left: 10 }],
  [[`${token} 99999999999999999 x`, -1], { left: 0 }],
  [[null, null], { left: 0 }],
  [[], { left: 0 }],
  [[`${token} 1 `, 'x'], { since: new Date(1000), left: 0 }],
])('is somebody, whatever the value says: %j', (answer, rival) => {
  expect(parseRival(answer)).toEqual(rival)
  expect(lockedBy('key', parseRival(answer) ?? { left: 0 }).message).toMatch(/^key is locked/)
})

it('cannot move the cursor by its name', () => {
  expect(parseRival([`${token} 1 \u001b[2J\nx`, 1])?.owner).not.toMatch(/\p{Cc}/u)
})
