import { describe, expect, it } from 'vitest'
import { PartMemory } from '../src/upload/memory.js'

const { signal } = new AbortController()

/** Whether a promise is settled after all ready callbacks have run. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  promise.then(
    () => {
      settled = true
    },
    () => {
      settled = true
    },
  )
  await new Promise((resolve) => setImmediate(resolve))
  return settled
}

describe('the memory of parts', () => {
  it('is given up to the budget, then in the order of requests', async () => {
    const memory = new PartMemory(20)
    const one = await memory.take(10, false, signal)
    await memory.take(10, false, signal)
    const third = memory.take(10, false, signal)
    const fourth = memory.take(10, false, signal)
    expect(await isSettled(third)).toBe(false)
    memory.give(one, true)
    await third
    expect(await isSettled(fourth)).toBe(false)
    expect(memory.taken).toBe(20)
  })

  it('gives each write one buffer beyond the budget, so that none can deadlock', async () => {
    const memory = new PartMemory(10)
    await memory.take(10, false, signal)
    await memory.take(10, true, signal)
    expect(memory.taken).toBe(20)
  })

  it('gives a part larger than the budget when no other is in use', async () => {
    const memory = new PartMemory(10)
    const only = await memory.take(30, true, signal)
    const next = memory.take(30, false, signal)
    expect(await isSettled(next)).toBe(false)
    memory.give(only, true)
    expect((await next).byteLength).toBe(30)
  })

  it('recycles only buffers that no request reads', async () => {
    const memory = new PartMemory(20)
    const buffer = await memory.take(10, true, signal)
    memory.give(buffer, true)
    expect(await memory.take(10, true, signal)).toBe(buffer)
    memory.give(buffer, false)
    expect(await memory.take(10, true, signal)).not.toBe(buffer)
  })

  it('keeps one free buffer, also while the buffers in use exceed the budget', async () => {
    const memory = new PartMemory(10)
    await memory.take(10, true, signal)
    const [one, two] = [await memory.take(10, true, signal), await memory.take(10, true, signal)]
    memory.give(one, true)
    memory.give(two, true)
    expect(await memory.take(10, true, signal)).toBe(two)
    expect(await memory.take(10, true, signal)).not.toBe(one)
  })

  it('counts free buffers towards the budget', async () => {
    const memory = new PartMemory(10)
    const [one, two] = [await memory.take(10, true, signal), await memory.take(10, true, signal)]
    memory.give(one, true)
    memory.give(two, true)
    const again = await memory.take(10, true, signal)
    expect([one, two]).toContain(again)
    expect([one, two]).not.toContain(await memory.take(10, true, signal))
  })

  it('removes aborted waiters', async () => {
    const memory = new PartMemory(10)
    const only = await memory.take(10, false, signal)
    const controller = new AbortController()
    const waiting = memory.take(10, false, controller.signal)
    const next = memory.take(10, false, signal)
    controller.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELED' })
    memory.give(only, true)
    await next
    expect(memory.taken).toBe(10)
    await expect(memory.take(1, true, controller.signal)).rejects.toMatchObject({ code: 'CANCELED' })
  })
})
