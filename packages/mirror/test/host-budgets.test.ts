import { HostBudgets } from '@dist/mirror'
import { expect, it } from 'vitest'

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Whether the slot has been granted. */
async function isGranted(acquiring: Promise<Disposable>): Promise<boolean> {
  let granted = false
  void acquiring.then(() => {
    granted = true
  })
  await turn()
  return granted
}

it('R28 transfers from one host do not use the budget of other hosts', async () => {
  const budgets = new HostBudgets({ bytes: 100, transfers: 2 })
  const held = await Promise.all([1, 2].map(() => budgets.acquire(50, { host: 'slow' })))
  const third = budgets.acquire(1, { host: 'slow' })
  expect(await isGranted(third)).toBe(false)
  for (const host of ['a', 'b', 'c'])
    for (let i = 0; i < 2; i++) expect(await isGranted(budgets.acquire(50, { host }))).toBe(true)
  held[0]?.[Symbol.dispose]()
  expect(await isGranted(third)).toBe(true)
})

it('all hosts together use no more than the budget of four', async () => {
  const budgets = new HostBudgets({ bytes: 100, transfers: 1 })
  const held = await Promise.all(['a', 'b', 'c', 'd'].map((host) => budgets.acquire(100, { host })))
  const fifth = budgets.acquire(1, { host: 'e' })
  expect(await isGranted(fifth)).toBe(false)
  held[0]?.[Symbol.dispose]()
  expect(await isGranted(fifth)).toBe(true)
})

it('returns the slot of its host if it is aborted while it waits for the shared budget', async () => {
  const budgets = new HostBudgets({ bytes: 100, transfers: 1 })
  const held = await Promise.all(['a', 'b', 'c', 'd'].map((host) => budgets.acquire(100, { host })))
  const abort = new AbortController()
  const canceled = budgets.acquire(1, { host: 'e', signal: abort.signal })
  await turn()
  abort.abort()
  await expect(canceled).rejects.toMatchObject({ code: 'CANCELED' })
  held[0]?.[Symbol.dispose]()
  expect(await isGranted(budgets.acquire(1, { host: 'e' }))).toBe(true)
})
