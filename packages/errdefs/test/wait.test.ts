import { expect, test } from 'vitest'
import { codeOf, sleep, unlessAborted } from '../src/index.js'

const endless = new Promise<never>(() => {})

test('sleep resolves after its time', async () => {
  const start = performance.now()
  await sleep(20)
  expect(performance.now() - start).toBeGreaterThan(15)
})

test.each([
  ['sleep', (signal: AbortSignal) => sleep(60_000, signal)],
  ['unlessAborted', (signal: AbortSignal) => unlessAborted(endless, signal)],
])('%s rejects with CANCELED when the signal aborts, and when it has aborted before', async (_, wait) => {
  const controller = new AbortController()
  const waiting = wait(controller.signal)
  controller.abort()
  expect(codeOf(await waiting.catch((error: unknown) => error))).toBe('CANCELED')
  expect(codeOf(await wait(controller.signal).catch((error: unknown) => error))).toBe('CANCELED')
})

test('unlessAborted settles as its promise does', async () => {
  const { signal } = new AbortController()
  await expect(unlessAborted(Promise.resolve(1), signal)).resolves.toBe(1)
  await expect(unlessAborted(Promise.reject(new Error('x')), signal)).rejects.toThrow('x')
  await expect(unlessAborted(Promise.resolve(1), undefined)).resolves.toBe(1)
})
