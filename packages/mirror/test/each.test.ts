import { setImmediate } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { forEachOf } from '../src/each.js'

async function* count(to: number): AsyncIterable<number> {
  for (let i = 0; i < to; i++) yield i
}

it('calls for each item, never for more at a time than it may', async () => {
  const met: number[] = []
  let running = 0
  let most = 0
  await forEachOf(count(50), 4, async (item) => {
    most = Math.max(most, ++running)
    await setImmediate()
    met.push(item)
    running--
  })
  expect(met.sort((a, b) => a - b)).toEqual([...Array(50).keys()])
  expect(most).toBe(4)
})

it('after an error takes no further item, lets those under way end, and throws it', async () => {
  const ended: number[] = []
  const failing = forEachOf(count(50), 4, async (item) => {
    if (item === 1) throw new Error('the second')
    await setImmediate()
    ended.push(item)
  })
  await expect(failing).rejects.toThrow('the second')
  expect(ended).toEqual([0, 2, 3])
})

it('throws what the items throw', async () => {
  const items = async function* () {
    yield 1
    throw new Error('no more')
  }
  await expect(forEachOf(items(), 3, async () => {})).rejects.toThrow('no more')
})

it('closes what it takes items from', async () => {
  let closed = false
  const items = async function* () {
    try {
      yield 1
      yield 2
      yield 3
    } finally {
      closed = true
    }
  }
  const failing = forEachOf(items(), 1, () => Promise.reject(new Error('no')))
  await expect(failing).rejects.toThrow('no')
  expect(closed).toBe(true)
})
