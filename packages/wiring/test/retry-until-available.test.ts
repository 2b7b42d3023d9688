import { DistError } from '@dist/errdefs'
import { expect, it } from 'vitest'
import { retryUntilAvailable } from '../src/retry-until-available.js'

const away = new DistError('UNAVAILABLE', 'it is away')

it('what is away is waited for until it is there, and each failure is told', async () => {
  const told: unknown[] = []
  let left = 2
  const open = async () => {
    if (left-- > 0) throw away
    return 'open'
  }
  expect(await retryUntilAvailable(open, { onUnavailable: (error) => told.push(error) })).toBe('open')
  expect(told).toEqual([away, away])
})

it('what waiting does not mend is thrown at once', async () => {
  const wrong = new DistError('UNAUTHENTICATED', 'the password is wrong')
  let attempts = 0
  const open = async () => {
    attempts++
    throw wrong
  }
  await expect(retryUntilAvailable(open)).rejects.toBe(wrong)
  expect(attempts).toBe(1)
})

it('patience has an end, with the last error', async () => {
  await expect(retryUntilAvailable(() => Promise.reject(away), { timeoutMs: 50 })).rejects.toBe(away)
})

it('a signal ends it at once, also while an attempt hangs', async () => {
  const controller = new AbortController()
  const waiting = retryUntilAvailable(() => new Promise(() => {}), { signal: controller.signal })
  controller.abort()
  await expect(waiting).rejects.toMatchObject({ code: 'CANCELED' })
})
