import type { HostLimiter, HostPolicies } from '@dist/remotes'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { HostLimiterFixture } from './suite.js'

const host = 'registry.example:5000'
const slowHost = 'slow.example'
const busy = `${host} is asked too much (429)`

/** Two pulls in reserve; intervals that a test can wait for. */
const suitePolicy: HostPolicies = {
  reservePulls: 2,
  quotaInterval: 400,
  hosts: { [slowHost]: { bytesPerSecond: 100_000 } },
}

/** What every limiter has to do with what hosts tell of their limits. */
export function hostLimitsSuite(
  name: string,
  factory: (policy: HostPolicies) => Promise<HostLimiterFixture>,
): void {
  describe(`${name} as a keeper of limits`, () => {
    let fixture: HostLimiterFixture
    beforeEach(async () => {
      fixture = await factory(suitePolicy)
    })
    afterEach(() => fixture.close())

    const paused = { code: 'UNAVAILABLE', paused: true, because: busy }

    describe('requests that are refused', () => {
      const manifests = { kind: 'manifests' } as const
      const answers = async (limiter: HostLimiter) => {
        for (let i = 0; i < 6; i++) await limiter.answered(host, manifests)
      }

      it('R41 come from a host that answers others: they wait for themselves, at a lower rate', async () => {
        const { limiter } = fixture
        await answers(limiter)
        expect(await limiter.refused(host, 1_000, busy, { ...manifests, after: 10 })).toBe(1_000)
        expect(await limiter.refused(host, undefined, busy, { ...manifests, after: 60_000 })).toBe(1_000)
        expect(await limiter.states()).toEqual([])
        expect(await limiter.limits()).toMatchObject([{ host, kind: 'manifests', rate: expect.any(Number) }])
        ;(await limiter.acquire(host, manifests)).release()
      })

      it('R41 slow down their class for all, and no other one', async () => {
        const { limiter, other } = fixture
        await answers(limiter)
        await limiter.refused(host, 1_000, busy, { ...manifests, after: 10 })
        const [{ rate = 0 } = {}] = await limiter.limits()
        const timed = async (each: HostLimiter, kind: 'manifests' | 'blobs', count: number) => {
          const began = performance.now()
          for (let i = 0; i < count; i++) (await each.acquire(host, { kind })).release()
          return performance.now() - began
        }
        expect(await timed(other, 'blobs', 20)).toBeLessThan(1_000)
        // The time of ten requests, less what may be made up for.
        expect(await timed(other, 'manifests', 10)).toBeGreaterThan(8_000 / rate - 250)
      })

      it('R23 come from a host that takes none: it is paused', async () => {
        const { limiter, other } = fixture
        expect(await limiter.refused(host, undefined, busy, { ...manifests, after: 10 })).toBeUndefined()
        await expect(other.acquire(host)).rejects.toMatchObject(paused)
      })

      it('R23 come from a host that asks for a long time, or refuses again and again: it is paused', async () => {
        const { limiter } = fixture
        await answers(limiter)
        expect(await limiter.refused(host, 60_000, busy, manifests)).toBeUndefined()
        await expect(limiter.acquire(host)).rejects.toMatchObject(paused)
      })
    })

    it('bounds the bytes per second of a host whose policy has a bound, for all together', async () => {
      const { limiter, other } = fixture
      expect(limiter.takeBytes(host, 1_000_000)).toBeUndefined()
      const began = performance.now()
      for (let i = 0; i < 5; i++)
        await Promise.all([limiter.takeBytes(slowHost, 10_000), other.takeBytes(slowHost, 10_000)])
      const elapsed = performance.now() - began
      // 100 kB at 100 kB a second, less what may be made up for and what is in flight at the end.
      expect(elapsed).toBeGreaterThan(600)
      expect(elapsed).toBeLessThan(2_500)
    })

    describe('the quota of a host', () => {
      const quota = { source: '203.0.113.7', remaining: 4, limit: 100, window: 21_600_000 }

      it('R42 is shared: pulls wait when only the reserve is left', async () => {
        const { limiter, other } = fixture
        expect(await limiter.admitPull(host)).toBe('pull')
        for (const each of [limiter, other]) await each.told(host, quota)
        expect(await limiter.admitPull(host)).toBe('pull')
        expect(await other.admitPull(host)).toBe('pull')
        for (const each of [limiter, other])
          await expect(each.admitPull(host)).rejects.toMatchObject({ paused: true, host, retryable: true })
        expect(await other.pullTurn(host)).toBeGreaterThan(0)
        expect(await other.states()).toMatchObject([{ host, quota: { remaining: 2, limit: 100 } }])
        ;(await other.acquire(host)).release()
      })

      it('R42 is asked for by one in an interval, and opens for all', async () => {
        const { limiter, other } = fixture
        for (const each of [limiter, other]) await each.told(host, { ...quota, remaining: 0 })
        await vi.waitUntil(async () => (await limiter.pullTurn(host)) === 'try', {
          timeout: 5000,
          interval: 10,
        })
        expect(await other.pullTurn(host)).toBeGreaterThan(0)
        expect(await other.admitPull(host)).toBe('ask')
        await expect(limiter.admitPull(host)).rejects.toMatchObject({ paused: true })
        await other.told(host, { ...quota, remaining: 90 })
        expect(await limiter.admitPull(host)).toBe('pull')
        expect(await limiter.pullTurn(host)).toBe('open')
        expect(await limiter.states()).toEqual([])
      })

      it('R42 belongs to an address: another one has its own', async () => {
        const { limiter } = fixture
        await limiter.told(host, { ...quota, remaining: 0 })
        await limiter.told(host, { ...quota, source: '203.0.113.8', remaining: 50 })
        expect(await limiter.admitPull(host)).toBe('pull')
        expect(await limiter.quotas()).toHaveLength(2)
        await limiter.told(host, undefined)
        expect(await limiter.quotas()).toHaveLength(1)
      })
    })
  })
}
