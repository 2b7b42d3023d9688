import { DistError } from '@dist/errdefs'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { startDeadline } from '../src/content/deadline.js'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const never = new AbortController().signal
const failure = new DistError('UNAVAILABLE', 'reset')

it('the deadline aborts the signal and becomes the reason of later failures', () => {
  using deadline = startDeadline(never, 1500, 'fetching x')
  expect(deadline.blame(failure)).toBe(failure)
  vi.advanceTimersByTime(1499)
  expect(deadline.signal.aborted).toBe(false)
  vi.advanceTimersByTime(1)
  expect(deadline.signal.aborted).toBe(true)
  expect(deadline.blame(failure)).toMatchObject({
    code: 'DEADLINE_EXCEEDED',
    message: 'fetching x not done after 1.5s; allow more time with --timeout',
  })
})

it.each([undefined, 0])('a limit of %s sets no deadline', (limit) => {
  using deadline = startDeadline(never, limit, 'x')
  vi.advanceTimersByTime(1e12)
  expect(deadline.signal.aborted).toBe(false)
})

it('a limit that exceeds the range of a timer does not end at once', () => {
  using deadline = startDeadline(never, 1e12, 'x')
  vi.advanceTimersByTime(1000)
  expect(deadline.signal.aborted).toBe(false)
})

it('a signal of the user is not reported as the deadline', () => {
  const user = new AbortController()
  using deadline = startDeadline(user.signal, 1000, 'x')
  user.abort('SIGINT')
  expect(deadline.signal.aborted).toBe(true)
  expect(deadline.blame(failure)).toBe(failure)
})

it('disposal clears the timer', () => {
  startDeadline(never, 1000, 'x')[Symbol.dispose]()
  expect(vi.getTimerCount()).toBe(0)
})
