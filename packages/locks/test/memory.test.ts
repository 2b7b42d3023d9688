import { type Lock, MemoryLocker } from '@dist/locks'
import { lockerSuite } from '@dist/testkit'
import { expect, it } from 'vitest'

lockerSuite('MemoryLocker', async () => {
  const locker = new MemoryLocker()
  return { locker, other: locker, close: async () => {} }
})

it('serves waiters in the order of their calls', async () => {
  const locker = new MemoryLocker()
  const first = await locker.acquire('key')
  const order: number[] = []
  const take = async (i: number) => {
    await using _: Lock = await locker.acquire('key')
    order.push(i)
  }
  const waiting = Promise.all([1, 2, 3].map(take))
  await first.release()
  await waiting
  expect(order).toEqual([1, 2, 3])
})

it('does not let a later caller overtake a waiter', async () => {
  const locker = new MemoryLocker()
  const first = await locker.acquire('key')
  const second = locker.acquire('key')
  await first.release()
  await expect(locker.acquire('key', { wait: 0 })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  await (await second).release()
})

it('reports since when the current holder has the key, not the first one', async () => {
  const locker = new MemoryLocker()
  const first = await locker.acquire('key')
  const waiting = locker.acquire('key')
  const before = Date.now()
  await first.release()
  await using _ = await waiting
  const error: Error = await locker.acquire('key', { wait: 0 }).catch((e) => e)
  const since = /since (\S+)$/.exec(error.message)?.[1] ?? ''
  expect(new Date(since).getTime()).toBeGreaterThanOrEqual(before)
})
