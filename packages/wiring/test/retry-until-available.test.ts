import { DistError } from '@dist/errdefs'
import { expect, it } from 'vitest'
import { retryUntilAvailable } from '../src/retry-until-available.js'

const away = new DistError('UNAVAILABLE', 'it is away')

it('retries until it succeeds, and reports each failure', async () => {
  const reported: unknown[] = []
  let left = 2
  const open = async () => {
    if (left-- > 0) throw away
    return 'open'
  }
  expect(await retryUntilAvailable(open, { onUnavailable: (error) => reported.push(error) })).toBe('open')
  expect(reported).toEqual([away, away])
})

it('throws an error that is not retryable at once', async () => {
  const wrong = new DistError('UNAUTHENTICATED', 'the password is wrong')
  let attempts = 0
  const open = async () => {
    attempts++
    throw wrong
  }
  await expect(retryUntilAvailable(open)).rejects.toBe(wrong)
  expect(attempts).toBe(1)
})

it('throws the last error after the timeout', async () => {
  await expect(retryUntilAvailable(() => Promise.reject(away), { timeoutMs: 50 })).rejects.toBe(away)
})

it('ends at once through the signal, also while an attempt hangs', async () => {
  const controller = new AbortController()
  const waiting = retryUntilAvailable(() => new Promise(() => {}), { signal: controller.signal })
  controller.abort()
  await expect(waiting).rejects.toMatchObject({ code: 'CANCELED' })
})
