import { TransferBudget } from '@dist/mirror'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { errorOf } from './support/errors.js'

/** Requests bytes and records when they are granted. */
function request(budget: TransferBudget, bytes: number, granted: number[], signal?: AbortSignal) {
  const grant = budget.acquire(bytes, { signal })
  return grant.then((held) => {
    granted.push(bytes)
    return held
  })
}

const settled = () => new Promise(setImmediate)

describe('TransferBudget', () => {
  it('grants no more transfers than the limit', async () => {
    const budget = new TransferBudget({ bytes: 100, transfers: 2 })
    const granted: number[] = []
    const first = await request(budget, 1, granted)
    await request(budget, 2, granted)
    void request(budget, 3, granted)
    await settled()
    expect(granted).toEqual([1, 2])
    first[Symbol.dispose]()
    await settled()
    expect(granted).toEqual([1, 2, 3])
  })

  it('grants no more bytes than the limit', async () => {
    const budget = new TransferBudget({ bytes: 100, transfers: 9 })
    const granted: number[] = []
    const first = await request(budget, 60, granted)
    const second = request(budget, 50, granted)
    await settled()
    expect(granted).toEqual([60])
    first[Symbol.dispose]()
    await second
    expect(granted).toEqual([60, 50])
  })

  it('lets no small request overtake a large one', async () => {
    const budget = new TransferBudget({ bytes: 100, transfers: 9 })
    const granted: number[] = []
    const first = await request(budget, 60, granted)
    const large = request(budget, 90, granted)
    const small = request(budget, 10, granted)
    await settled()
    expect(granted).toEqual([60])
    first[Symbol.dispose]()
    await Promise.all([large, small])
    expect(granted).toEqual([60, 90, 10])
  })

  it('counts more bytes than the limit as the limit', async () => {
    const budget = new TransferBudget({ bytes: 100, transfers: 9 })
    const granted: number[] = []
    const all = await request(budget, 1000, granted)
    void request(budget, 1, granted)
    await settled()
    expect(granted).toEqual([1000])
    all[Symbol.dispose]()
    await settled()
    expect(granted).toEqual([1000, 1])
  })

  it('grants the next requests after a waiting one is aborted', async () => {
    const budget = new TransferBudget({ bytes: 100, transfers: 9 })
    const granted: number[] = []
    await request(budget, 60, granted)
    const abort = new AbortController()
    const large = request(budget, 90, granted, abort.signal)
    const small = request(budget, 10, granted)
    abort.abort()
    await expect(large).rejects.toEqual(errorOf('CANCELED'))
    await small
    expect(granted).toEqual([60, 10])
  })

  it('throws at once for an aborted signal', async () => {
    const budget = new TransferBudget({ bytes: 100, transfers: 1 })
    await expect(budget.acquire(1, { signal: AbortSignal.abort() })).rejects.toEqual(errorOf('CANCELED'))
    await budget.acquire(100)
  })

  it('returns a grant once, even if it is disposed of twice', async () => {
    const budget = new TransferBudget({ bytes: 100, transfers: 1 })
    const granted: number[] = []
    const first = await request(budget, 100, granted)
    first[Symbol.dispose]()
    first[Symbol.dispose]()
    await request(budget, 1, granted)
    void request(budget, 2, granted)
    await settled()
    expect(granted).toEqual([100, 1])
  })

  it('stays within its limits and grants in the order of the requests', async () => {
    const sizes = fc.array(fc.nat({ max: 150 }), { maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(sizes, fc.integer({ min: 1, max: 4 }), async (wanted, transfers) => {
        const budget = new TransferBudget({ bytes: 100, transfers })
        const served: number[] = []
        const running = new Set<number>()
        const held = () => [...running].reduce((sum, i) => sum + Math.min(100, wanted[i] ?? 0), 0)
        const run = async (bytes: number, i: number) => {
          using _granted = await budget.acquire(bytes)
          served.push(i)
          running.add(i)
          expect(running.size).toBeLessThanOrEqual(transfers)
          expect(held()).toBeLessThanOrEqual(100)
          await Promise.resolve()
          running.delete(i)
        }
        await Promise.all(wanted.map(run))
        expect(served).toEqual(wanted.map((_, i) => i))
      }),
    )
  })
})
