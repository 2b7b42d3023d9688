import { MessageChannel } from 'node:worker_threads'
import { DistError } from '@dist/errdefs'
import { afterEach, describe, expect, it } from 'vitest'
import { Channel, type Methods } from '../src/channel.js'

const open: { close(): void }[] = []
afterEach(() => {
  for (const port of open.splice(0)) port.close()
})

function line(near: Methods, far: Methods): [Channel, Channel] {
  const { port1, port2 } = new MessageChannel()
  open.push(port1, port2)
  return [new Channel(port1, near), new Channel(port2, far)]
}

describe('a channel between threads', () => {
  it('answers a call with what the method at the other end gives, in both directions', async () => {
    const [near, far] = line({ twice: async (n: number) => 2 * n }, { thrice: async (n: number) => 3 * n })
    expect(await Promise.all([near.call('thrice', 5), far.call('twice', 5)])).toEqual([15, 10])
  })

  it('keeps the code of an error, and whether a retry helps', async () => {
    const failing = async () => {
      throw new DistError('UNAVAILABLE', 'the host is paused', { retryable: true, retryAfter: 1500 })
    }
    const [near] = line({}, { failing })
    const error = await near.call('failing', undefined).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(DistError)
    expect(error).toMatchObject({
      code: 'UNAVAILABLE',
      message: 'the host is paused',
      retryable: true,
      retryAfter: 1500,
    })
  })

  it('aborts the method at the other end, and ends only when that one has ended', async () => {
    let ended = false
    const waiting = async (_: unknown, signal: AbortSignal) => {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
      await new Promise((resolve) => setImmediate(resolve))
      ended = true
      throw new DistError('CANCELED', 'canceled')
    }
    const [near] = line({}, { waiting })
    const controller = new AbortController()
    const call = near.call('waiting', undefined, controller.signal)
    controller.abort()
    await expect(call).rejects.toMatchObject({ code: 'CANCELED' })
    expect(ended).toBe(true)
  })

  it('aborts at once what is called with an aborted signal', async () => {
    const waiting = (_: unknown, signal: AbortSignal) =>
      new Promise((resolve) => signal.addEventListener('abort', () => resolve('aborted'), { once: true }))
    const [near] = line({}, { waiting })
    expect(await near.call('waiting', undefined, AbortSignal.abort())).toBe('aborted')
  })

  it('fails what is under way when the other end is gone', async () => {
    const [near] = line({}, { never: () => new Promise(() => {}) })
    const call = near.call('never', undefined)
    near.fail(new DistError('INTERNAL', 'a worker thread ended'))
    await expect(call).rejects.toMatchObject({ code: 'INTERNAL', message: 'a worker thread ended' })
  })

  it('names a method that is not offered', async () => {
    const [near] = line({}, {})
    await expect(near.call('nothing', undefined)).rejects.toThrow('nothing')
  })
})
