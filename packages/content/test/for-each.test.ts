import { setImmediate } from 'node:timers/promises'
import { forEachConcurrently } from '@dist/content'
import { expect, it } from 'vitest'

async function* count(to: number): AsyncIterable<number> {
  for (let i = 0; i < to; i++) yield i
}

it('calls the function for each item, up to the concurrency at the same time', async () => {
  const met: number[] = []
  let running = 0
  let most = 0
  await forEachConcurrently(count(50), 4, async (item) => {
    most = Math.max(most, ++running)
    await setImmediate()
    met.push(item)
    running--
  })
  expect(met.sort((a, b) => a - b)).toEqual([...Array(50).keys()])
  expect(most).toBe(4)
})

it('handles no further item after an error, waits for the running calls, and throws it', async () => {
  const ended: number[] = []
  const failing = forEachConcurrently(count(50), 4, async (item) => {
    if (item === 1) throw new Error('the second')
    await setImmediate()
    ended.push(item)
  })
  await expect(failing).rejects.toThrow('the second')
  expect(ended).toEqual([0, 2])
})

it('throws an error of the source', async () => {
  const items = async function* () {
    yield 1
    throw new Error('no more')
  }
  await expect(forEachConcurrently(items(), 3, async () => {})).rejects.toThrow('no more')
})

it('closes the source after an error', async () => {
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
  const failing = forEachConcurrently(items(), 1, () => Promise.reject(new Error('no')))
  await expect(failing).rejects.toThrow('no')
  expect(closed).toBe(true)
})
