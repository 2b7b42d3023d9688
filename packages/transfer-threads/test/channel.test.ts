import { MessageChannel } from 'node:worker_threads'
import { DistError } from '@dist/errdefs'
import { afterEach, describe, expect, it } from 'vitest'
import { Channel, type Methods } from '../src/channel.js'

const open: { close(): void }[] = []
afterEach(() => {
  for (const port of open.splice(0)) port.close()
})

function connectEnds(near: Methods, far: Methods): [Channel, Channel] {
  const { port1, port2 } = new MessageChannel()
  open.push(port1, port2)
  return [new Channel(port1, near), new Channel(port2, far)]
}

describe('a channel between threads', () => {
  it('returns the result of the method at the other end, in both directions', async () => {
    const [near, far] = connectEnds(
      { twice: async (n: number) => 2 * n },
      { thrice: async (n: number) => 3 * n },
    )
    expect(await Promise.all([near.call('thrice', 5), far.call('twice', 5)])).toEqual([15, 10])
  })

  it('keeps the code of an error, and whether it is retryable', async () => {
    const failing = async () => {
      throw new DistError('UNAVAILABLE', 'the host is paused', { retryable: true, retryAfter: 1500 })
    }
    const [near] = connectEnds({}, { failing })
    const error = await near.call('failing', undefined).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(DistError)
    expect(error).toMatchObject({
      code: 'UNAVAILABLE',
      message: 'the host is paused',
      retryable: true,
      retryAfter: 1500,
    })
  })

  it('aborts the method at the other end, and ends after that method', async () => {
    let ended = false
    const waiting = async (_: unknown, signal: AbortSignal) => {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
      await new Promise((resolve) => setImmediate(resolve))
      ended = true
      throw new DistError('CANCELED', 'canceled')
    }
    const [near] = connectEnds({}, { waiting })
    const controller = new AbortController()
    const call = near.call('waiting', undefined, controller.signal)
    controller.abort()
    await expect(call).rejects.toMatchObject({ code: 'CANCELED' })
    expect(ended).toBe(true)
  })

  it('aborts a method that is called with an aborted signal', async () => {
    const waiting = (_: unknown, signal: AbortSignal) =>
      new Promise((resolve) => signal.addEventListener('abort', () => resolve('aborted'), { once: true }))
    const [near] = connectEnds({}, { waiting })
    expect(await near.call('waiting', undefined, AbortSignal.abort())).toBe('aborted')
  })

  it('rejects calls in progress when the other end has ended', async () => {
    const [near] = connectEnds({}, { never: () => new Promise(() => {}) })
    const call = near.call('never', undefined)
    near.fail(new DistError('INTERNAL', 'a worker thread ended'))
    await expect(call).rejects.toMatchObject({ code: 'INTERNAL', message: 'a worker thread ended' })
  })

  it('names an unknown method', async () => {
    const [near] = connectEnds({}, {})
    await expect(near.call('nothing', undefined)).rejects.toThrow('nothing')
  })
})
