import { expect, it } from 'vitest'
import { mapAhead } from '../src/several.js'

async function* numbers(count: number): AsyncIterable<number> {
  for (let i = 0; i < count; i++) yield i
}

async function gathered<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

it('items keep their order, and a bounded number is in progress', async () => {
  let active = 0
  let most = 0
  const mapped = mapAhead(numbers(100), 8, async (i) => {
    most = Math.max(most, ++active)
    for (let turn = 0; turn < (i % 3) + 1; turn++) await Promise.resolve()
    active--
    return i * 2
  })
  expect(await gathered(mapped)).toEqual([...Array(100).keys()].map((i) => i * 2))
  expect(most).toBeGreaterThan(1)
  expect(most).toBeLessThanOrEqual(8)
})

it('a failure is thrown in its turn, and later failures are ignored', async () => {
  const mapped = mapAhead(numbers(10), 8, async (i) => {
    if (i > 2) throw new Error(`no ${i}`)
    return i
  })
  await expect(gathered(mapped)).rejects.toThrow('no 3')
})
