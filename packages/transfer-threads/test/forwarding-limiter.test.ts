import { MessageChannel } from 'node:worker_threads'
import { createHostLimiter, type Permit } from '@dist/remotes'
import { expect, it, onTestFinished, vi } from 'vitest'
import { Channel } from '../src/channel.js'
import { forwardingLimiter } from '../src/limiter.js'
import type { AcquireCall, FailedCall } from '../src/protocol.js'

const refuses = 'a refuses the connection'

/** A limiter, and how a thread sees it. */
function linked() {
  const own = createHostLimiter({ firstProbe: 100 })
  const { port1, port2 } = new MessageChannel()
  const permits: Permit[] = []
  const told: string[] = []
  new Channel(port1, {
    acquire: async ({ host, ...options }: AcquireCall) => {
      const permit = await own.acquire(host, options)
      return { id: permits.push(permit) - 1, probes: permit.probes }
    },
    release: async (id: number) => permits[id]?.release(),
    failed: ({ host, because, options }: FailedCall) => own.failed(host, because, options),
    answered: async (host: string) => {
      told.push(host)
      return own.answered(host)
    },
    state: (host: string) => own.state(host),
  })
  const limiter = forwardingLimiter(new Channel(port2, {}))
  onTestFinished(() => port1.close())
  return { own, limiter, told }
}

it('R28 a thread is sent away from a paused host, with host and reason', async () => {
  const { limiter } = linked()
  await limiter.failed('a', refuses)
  await expect(limiter.acquire('a')).rejects.toMatchObject({ paused: true, host: 'a', because: refuses })
})

it('R28 a thread tells of answers now and then, and always of the one that finds out', async () => {
  const { own, limiter, told } = linked()
  for (let i = 0; i < 10; i++) await limiter.answered('a')
  expect(told).toEqual(['a'])
  await own.failed('a', refuses)
  await vi.waitUntil(async () => ((await own.state('a')).pausedUntil ?? 0) < Date.now())
  expect((await limiter.acquire('a')).probes).toBe(true)
  await limiter.answered('a')
  expect(told).toEqual(['a', 'a'])
  expect(await limiter.state('a')).toEqual({ host: 'a', answered: true })
})
