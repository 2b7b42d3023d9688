import type { HostLimiter, HostPolicies, Permit } from '@dist/remotes'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

export interface HostLimiterFixture {
  readonly limiter: HostLimiter
  /** The same limits and pauses as another process has them, where the kind shares them; else the limiter itself. */
  readonly other: HostLimiter
  close(): Promise<void>
}

const host = 'registry.example:5000'
const refuses = `${host} refuses the connection`
const busy = `${host} is asked too much (429)`

/** Two requests at a time; pauses that a test can wait for. */
const suitePolicy: HostPolicies = {
  requests: 2,
  firstProbe: 400,
  longestProbe: 800,
  longestPause: 800,
}

/** What every limiter has to do. */
export function hostLimiterSuite(
  name: string,
  factory: (policy: HostPolicies) => Promise<HostLimiterFixture>,
): void {
  describe(`${name} as a limiter of hosts`, () => {
    let fixture: HostLimiterFixture
    beforeEach(async () => {
      fixture = await factory(suitePolicy)
    })
    afterEach(() => fixture.close())

    const pauseOf = async (limiter: HostLimiter) => {
      const { pausedUntil = 0 } = await limiter.state(host)
      return pausedUntil - Date.now()
    }
    const over = () =>
      vi.waitUntil(async () => (await pauseOf(fixture.limiter)) <= 0, { timeout: 5000, interval: 2 })
    const paused = (because: string) => ({
      code: 'UNAVAILABLE',
      retryable: true,
      paused: true,
      host,
      because,
      retryAfter: expect.any(Number),
      message: expect.stringContaining(because),
    })
    /** Asks until there is a permit: pauses are waited for. */
    const patiently = async (limiter: HostLimiter): Promise<Permit> => {
      await over()
      return vi.waitFor(() => limiter.acquire(host), { timeout: 5000, interval: 5 })
    }

    it('lets so many in at a host, and more as they leave, in the order in which they came', async () => {
      const { limiter } = fixture
      const first = await limiter.acquire(host)
      const second = await limiter.acquire(host)
      expect([first.probes, second.probes]).toEqual([false, false])
      const order: number[] = []
      const waiting = [1, 2].map(async (number) => {
        const permit = await limiter.acquire(host)
        order.push(number)
        permit.release()
      })
      first.release()
      first.release()
      await Promise.all(waiting)
      expect(order).toEqual([1, 2])
    })

    it('has separate slots for uploads and for tokens', async () => {
      const { limiter } = fixture
      for (const lane of [undefined, 'uploads', 'tokens'] as const)
        for (let i = 0; i < 2; i++)
          expect(await limiter.acquire(host, { lane })).toMatchObject({ probes: false })
    })

    it('keeps hosts apart', async () => {
      const { limiter } = fixture
      await limiter.failed('other.example', 'other.example refuses the connection')
      for (const other of [host, host, 'third.example'])
        expect(await limiter.acquire(other)).toMatchObject({ probes: false })
    })

    it('R28 refuses permits for a host that failed, in every lane and process', async () => {
      const { limiter, other } = fixture
      await limiter.failed(host, refuses)
      await expect(limiter.acquire(host)).rejects.toMatchObject(paused(refuses))
      await expect(limiter.acquire(host, { lane: 'uploads' })).rejects.toMatchObject(paused(refuses))
      await expect(other.acquire(host)).rejects.toMatchObject(paused(refuses))
    })

    it('R28 refuses those that wait for a slot when the host fails', async () => {
      const { limiter } = fixture
      const held = [await limiter.acquire(host), await limiter.acquire(host)]
      const waiting = [limiter.acquire(host), limiter.acquire(host)]
      const refused = Promise.all(waiting.map((each) => expect(each).rejects.toMatchObject(paused(refuses))))
      await limiter.failed(host, refuses)
      await refused
      for (const permit of held) permit.release()
    })

    it.each(['failed', 'pause'] as const)(
      'R28 lets one request find out when the pause is over (%s), until it is answered',
      async (how) => {
        const { limiter, other } = fixture
        await (how === 'failed' ? limiter.failed(host, refuses) : limiter.pause(host, 300, busy))
        const probe = await patiently(limiter)
        expect(probe.probes).toBe(true)
        await expect(limiter.acquire(host)).rejects.toMatchObject({ paused: true })
        await expect(other.acquire(host)).rejects.toMatchObject({ paused: true })
        await limiter.answered(host)
        expect((await limiter.acquire(host)).probes).toBe(false)
        await vi.waitFor(() => other.acquire(host, { lane: 'uploads' }), { timeout: 5000, interval: 5 })
        expect(await limiter.state(host)).toEqual({ host, answered: true })
      },
    )

    it('R28 lets the next one find out where the first gave up', async () => {
      const { limiter, other } = fixture
      await limiter.failed(host, refuses)
      const probe = await patiently(limiter)
      expect(probe.probes).toBe(true)
      probe.release()
      expect((await patiently(other)).probes).toBe(true)
    })

    it('R28 pauses twice as long with each failure in a row, up to a bound', async () => {
      const { limiter } = fixture
      for (const length of [400, 800, 800]) {
        await limiter.failed(host, refuses)
        const left = await pauseOf(limiter)
        expect(left).toBeGreaterThan(length / 2)
        expect(left).toBeLessThanOrEqual(length + 50)
        ;(await patiently(limiter)).release()
      }
    }, 20_000)

    it('R28 counts requests that were under way together once', async () => {
      const { limiter, other } = fixture
      await limiter.failed(host, refuses, { after: 25 })
      for (let i = 0; i < 6; i++) await limiter.failed(host, refuses, { after: 60_000 })
      await other.failed(host, refuses, { after: 60_000 })
      expect(await pauseOf(limiter)).toBeLessThanOrEqual(450)
    })

    it('R28 does not take one failure for that of a host that has answered since the request began', async () => {
      const { limiter } = fixture
      await limiter.answered(host)
      await limiter.failed(host, refuses, { after: 25_000 })
      await limiter.acquire(host)
      expect(await limiter.states()).toEqual([])
    })

    it('R28 ends the pause at a late answer', async () => {
      const { limiter } = fixture
      await limiter.failed(host, refuses)
      await limiter.answered(host)
      expect(await limiter.acquire(host)).toMatchObject({ probes: false })
    })

    it('R23 keeps a pause for all processes, whatever the host answers meanwhile', async () => {
      const { limiter, other } = fixture
      await limiter.pause(host, 60_000, busy)
      await limiter.answered(host)
      await limiter.pause(host, 10, busy, { after: 1000 })
      await expect(limiter.acquire(host)).rejects.toMatchObject(paused(busy))
      await expect(other.acquire(host)).rejects.toMatchObject(paused(busy))
      expect(await pauseOf(other)).toBeGreaterThan(50_000)
    })

    it('R23 makes a pause of no named length longer with each answer of a probe, up to a bound', async () => {
      const { limiter } = fixture
      for (const length of [400, 800, 800]) {
        await limiter.pause(host, undefined, busy)
        const left = await pauseOf(limiter)
        expect(left).toBeGreaterThan(length / 2)
        expect(left).toBeLessThanOrEqual(length + 50)
        ;(await patiently(limiter)).release()
      }
    }, 20_000)

    it.each([0, -5, Number.NaN, undefined])(
      'R23 takes a pause of %d for one of no length',
      async (length) => {
        const { limiter } = fixture
        await limiter.pause(host, length, busy)
        expect(await pauseOf(limiter)).toBeGreaterThan(0)
      },
    )

    it('R23 caps a pause at a day', async () => {
      const { limiter, other } = fixture
      await limiter.pause(host, Number.POSITIVE_INFINITY, busy)
      const left = await pauseOf(other)
      expect(left).toBeGreaterThan(86_000_000)
      expect(left).toBeLessThanOrEqual(86_400_000)
    })

    it('Q18 lists hosts in trouble: the cause, since when, until when', async () => {
      const { limiter, other } = fixture
      const before = Date.now()
      await limiter.failed(host, refuses, { after: 500 })
      await limiter.pause('busy.example', 60_000, 'busy.example is asked too much (429)')
      const states = await other.states()
      expect(states.map((state) => state.host).sort()).toEqual(['busy.example', host])
      const state = await other.state(host)
      expect(state).toMatchObject({ host, answered: false, because: refuses })
      expect(state.since).toBeGreaterThanOrEqual(before - 510)
      expect(state.since).toBeLessThanOrEqual(before - 100)
      expect(state.pausedUntil).toBeGreaterThan(before)
      expect(await other.state('busy.example')).toMatchObject({ answered: true })
      expect(await other.state('never.asked')).toEqual({ host: 'never.asked', answered: false })
    })

    it('R28 keeps since when the trouble lasts over all its failures', async () => {
      const { limiter } = fixture
      await limiter.failed(host, refuses, { after: 100 })
      const { since } = await limiter.state(host)
      ;(await patiently(limiter)).release()
      await limiter.failed(host, `${host} cannot be reached`)
      const state = await limiter.state(host)
      expect(Math.abs((state.since ?? 0) - (since ?? 0))).toBeLessThan(300)
      expect(state.because).toBe(`${host} cannot be reached`)
    })

    it('ends a wait with its signal, and leaves nothing of it', async () => {
      const { limiter } = fixture
      const held = [await limiter.acquire(host), await limiter.acquire(host)]
      const abort = new AbortController()
      const { signal } = abort
      const canceled = limiter.acquire(host, { signal })
      const next = limiter.acquire(host)
      abort.abort()
      await expect(canceled).rejects.toMatchObject({ code: 'CANCELED' })
      await expect(limiter.acquire(host, { signal })).rejects.toMatchObject({ code: 'CANCELED' })
      held[0]?.release()
      ;(await next).release()
    })
  })
}
