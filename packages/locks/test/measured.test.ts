import { expect, it } from 'vitest'
import { MemoryLocker, measuredLocker } from '../src/index.js'

it('reports each attempt to get a lock, and whether it got it', async () => {
  const attempts: boolean[] = []
  const locker = measuredLocker(new MemoryLocker(), (_milliseconds, isAcquired) => attempts.push(isAcquired))
  await using _lock = await locker.acquire('a')
  await expect(locker.acquire('a', { wait: 0 })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect(attempts).toEqual([true, false])
})
