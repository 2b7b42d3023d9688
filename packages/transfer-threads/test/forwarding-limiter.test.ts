import { MessageChannel } from 'node:worker_threads'
import { createHostLimiter, type Permit } from '@dist/remotes'
import { expect, it, onTestFinished, vi } from 'vitest'
import { Channel } from '../src/channel.js'
import { forwardingLimiter } from '../src/forwarding-limiter.js'
import type { AcquireCall, AnsweredCall, FailedCall } from '../src/protocol.js'

const refuses = 'a refuses the connection'

/** A limiter, and the limiter of a thread that forwards to it. */
function linked() {
  const own = createHostLimiter({ firstProbe: 100 })
  const { port1, port2 } = new MessageChannel()
  const permits: Permit[] = []
  const reported: string[] = []
  new Channel(port1, {
    acquire: async ({ host, ...options }: AcquireCall) => {
      const permit = await own.acquire(host, options)
      return { id: permits.push(permit) - 1, probes: permit.probes }
    },
    release: async (id: number) => permits[id]?.release(),
    failed: ({ host, because, options }: FailedCall) => own.failed(host, because, options),
    answered: async ({ host, options }: AnsweredCall) => {
      reported.push(host)
      return own.answered(host, options)
    },
    state: (host: string) => own.state(host),
  })
  const limiter = forwardingLimiter(new Channel(port2, {}))
  onTestFinished(() => port1.close())
  return { own, limiter, reported }
}

it('R28 a thread gets no permit for a paused host, but host and reason', async () => {
  const { limiter } = linked()
  await limiter.failed('a', refuses)
  await expect(limiter.acquire('a')).rejects.toMatchObject({ paused: true, host: 'a', because: refuses })
})

it('R28 a thread reports answers once per second, and always the answer to a probe', async () => {
  const { own, limiter, reported } = linked()
  for (let i = 0; i < 10; i++) await limiter.answered('a')
  expect(reported).toEqual(['a'])
  await own.failed('a', refuses)
  await vi.waitUntil(async () => ((await own.state('a')).pausedUntil ?? 0) < Date.now())
  expect((await limiter.acquire('a')).probes).toBe(true)
  await limiter.answered('a')
  expect(reported).toEqual(['a', 'a'])
  expect(await limiter.state('a')).toEqual({ host: 'a', answered: true })
})
