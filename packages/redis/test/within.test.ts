import { DistError, sleep } from '@dist/errdefs'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { checkPrefix } from '../src/prefix.js'
import { within } from '../src/within.js'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

it('passes on an answer that comes in time', async () => {
  await expect(within(Promise.resolve(1), 10)).resolves.toBe(1)
  await expect(within(Promise.reject(new Error('no')), 10)).rejects.toThrow('no')
  expect(vi.getTimerCount()).toBe(0)
})

it('rejects after the timeout', async () => {
  const outcome = expect(within(new Promise(() => {}), 1500)).rejects.toThrow('no answer within 1.5 s')
  await vi.advanceTimersByTimeAsync(1500)
  await outcome
})

it.each([
  ['an answer', (signal: AbortSignal) => within(new Promise(() => {}), 1000, signal)],
  ['the end of a delay', (signal: AbortSignal) => sleep(1000, signal)],
])('ends the wait for %s when the signal aborts', async (_, wait) => {
  const reason = new DistError('UNAVAILABLE', 'the lock was lost')
  await expect(wait(AbortSignal.abort(reason))).rejects.toBe(reason)
  const abort = new AbortController()
  const outcome = expect(wait(abort.signal)).rejects.toMatchObject({ code: 'CANCELED' })
  abort.abort()
  await outcome
  expect(vi.getTimerCount()).toBe(0)
})

it('accepts only a prefix with a hash tag, so that a cluster keeps all keys in one slot', () => {
  expect(checkPrefix('{dist}')).toBe('{dist}')
  expect(checkPrefix('{dist}:staging')).toBe('{dist}:staging')
  for (const prefix of ['', 'dist', 'a{dist}', '{}', '{a{b}}', '{a} b', '{a}{b}'])
    expect(() => checkPrefix(prefix)).toThrow('hash tag')
})
