import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createHostLimiter } from '../src/index.js'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})

afterEach(() => {
  vi.useRealTimers()
})

/** Notes when a promise settles. */
function watch<T>(promise: Promise<T>): { state: 'waiting' | 'done' | 'failed'; value?: T } {
  const watched: { state: 'waiting' | 'done' | 'failed'; value?: T } = { state: 'waiting' }
  promise.then(
    (value) => Object.assign(watched, { state: 'done', value }),
    () => Object.assign(watched, { state: 'failed' }),
  )
  return watched
}

const settled = () => vi.advanceTimersByTimeAsync(0)

test('so many are let in at a host, then one for each that leaves, first come first served', async () => {
  const limiter = createHostLimiter({ perHost: 2 })
  const first = await limiter.acquire('a')
  await limiter.acquire('a')
  const third = watch(limiter.acquire('a'))
  const fourth = watch(limiter.acquire('a'))
  await settled()
  expect([third.state, fourth.state]).toEqual(['waiting', 'waiting'])
  first.release()
  await settled()
  expect([third.state, fourth.state]).toEqual(['done', 'waiting'])
})

test('releasing twice frees one place', async () => {
  const limiter = createHostLimiter({ perHost: 1 })
  const permit = await limiter.acquire('a')
  const [second, third] = [watch(limiter.acquire('a')), watch(limiter.acquire('a'))]
  permit.release()
  permit.release()
  await settled()
  expect([second.state, third.state]).toEqual(['done', 'waiting'])
})

test('hosts do not wait for each other', async () => {
  const limiter = createHostLimiter({ perHost: 1 })
  await limiter.acquire('a')
  await limiter.pause('b', 1000)
  const other = watch(limiter.acquire('c'))
  await settled()
  expect(other.state).toBe('done')
})

test('nobody is let in while a host pauses, and a shorter pause does not end a longer one', async () => {
  const limiter = createHostLimiter({ perHost: 2 })
  await limiter.pause('a', 1000)
  await limiter.pause('a', 10)
  const waiting = [watch(limiter.acquire('a')), watch(limiter.acquire('a')), watch(limiter.acquire('a'))]
  await vi.advanceTimersByTimeAsync(990)
  expect(waiting.map(({ state }) => state)).toEqual(['waiting', 'waiting', 'waiting'])
  await vi.advanceTimersByTimeAsync(20)
  expect(waiting.map(({ state }) => state)).toEqual(['done', 'done', 'waiting'])
})

test('a pause that begins while somebody waits for a place holds him, too', async () => {
  const limiter = createHostLimiter({ perHost: 1 })
  const permit = await limiter.acquire('a')
  const waiting = watch(limiter.acquire('a'))
  await limiter.pause('a', 1000)
  permit.release()
  await settled()
  expect(waiting.state).toBe('waiting')
  await vi.advanceTimersByTimeAsync(1010)
  expect(waiting.state).toBe('done')
})

test('who gives up leaves with CANCELED, and takes no place', async () => {
  const limiter = createHostLimiter({ perHost: 1 })
  const permit = await limiter.acquire('a')
  const abort = new AbortController()
  const canceled = limiter.acquire('a', { signal: abort.signal })
  const next = watch(limiter.acquire('a'))
  abort.abort()
  await expect(canceled).rejects.toMatchObject({ code: 'CANCELED' })
  await expect(limiter.acquire('a', { signal: abort.signal })).rejects.toMatchObject({ code: 'CANCELED' })
  permit.release()
  await settled()
  expect(next.state).toBe('done')
})

test('a pause of years is waited for, not passed over', async () => {
  const limiter = createHostLimiter()
  await limiter.pause('a', 1e12)
  const waiting = watch(limiter.acquire('a'))
  await vi.advanceTimersByTimeAsync(1000)
  expect(waiting.state).toBe('waiting')
})
