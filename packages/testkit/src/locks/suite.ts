import type { Locker } from '@dist/locks'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

export interface LockerFixture {
  readonly locker: Locker
  /** A second locker over the same keys, as another process or machine has it. */
  readonly other: Locker
  close(): Promise<void>
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** What every locker has to do. */
export function lockerSuite(name: string, factory: () => Promise<LockerFixture>): void {
  describe(`${name} as a locker`, () => {
    let fixture: LockerFixture
    beforeEach(async () => {
      fixture = await factory()
    })
    afterEach(() => fixture.close())

    it('gives a free key at once, and again after its release', async () => {
      for (let i = 0; i < 3; i++) {
        const lock = await fixture.locker.acquire('key', { wait: 0 })
        expect(lock.key).toBe('key')
        expect(lock.signal?.aborted).not.toBe(true)
        await lock.release()
      }
    })

    it('keeps keys apart, whatever they look like', async () => {
      const keys = ['a', 'b', 'A', 'a/b', '../a', 'a'.repeat(5000), '', 'a:b@c d\n', 'ä']
      const locks = await Promise.all(keys.map((key) => fixture.locker.acquire(key, { wait: 0 })))
      for (const key of keys)
        await expect(fixture.other.acquire(key, { wait: 0 })).rejects.toMatchObject({
          code: 'UNAVAILABLE',
          held: true,
        })
      for (const lock of locks) await lock.release()
    })

    it.each(['locker', 'other'] as const)(
      'asks the %s once with wait 0: UNAVAILABLE, since when',
      async (who) => {
        await using _ = await fixture.locker.acquire('key')
        await expect(fixture[who].acquire('key', { wait: 0 })).rejects.toMatchObject({
          code: 'UNAVAILABLE',
          retryable: true,
          message: expect.stringMatching(/key.*since \d{4}-\d\d-\d\dT/),
        })
      },
    )

    it.each(['locker', 'other'] as const)('lets the %s wait no longer than its limit', async (who) => {
      await using _ = await fixture.locker.acquire('key')
      const start = performance.now()
      await expect(fixture[who].acquire('key', { wait: 80 })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      expect(performance.now() - start).toBeGreaterThanOrEqual(75)
    })

    it.each(['locker', 'other'] as const)('gives the %s the key when it is released', async (who) => {
      const held = await fixture.locker.acquire('key')
      let got = false
      const waiting = fixture[who].acquire('key').then((lock) => {
        got = true
        return lock
      })
      await turn()
      expect(got).toBe(false)
      await held.release()
      const lock = await waiting
      await expect(fixture.locker.acquire('key', { wait: 0 })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      await lock.release()
    })

    it.each(['locker', 'other'] as const)(
      'ends the wait of the %s with its signal: CANCELED',
      async (who) => {
        await using _ = await fixture.locker.acquire('key')
        const abort = new AbortController()
        const waiting = fixture[who].acquire('key', { signal: abort.signal })
        const outcome = expect(waiting).rejects.toMatchObject({ code: 'CANCELED' })
        await turn()
        abort.abort()
        await outcome
        await expect(fixture[who].acquire('free', { signal: abort.signal })).rejects.toMatchObject({
          code: 'CANCELED',
        })
      },
    )

    it('leaves nothing of a wait that was given up', async () => {
      const held = await fixture.locker.acquire('key')
      await expect(fixture.other.acquire('key', { wait: 1 })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      await expect(fixture.locker.acquire('key', { wait: 1 })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      await held.release()
      await (await fixture.other.acquire('key', { wait: 0 })).release()
    })

    it('ignores a second release, also when another holder has the key by then', async () => {
      const first = await fixture.locker.acquire('key')
      await first.release()
      await first.release()
      await using _ = await fixture.other.acquire('key', { wait: 0 })
      await first.release()
      await first[Symbol.asyncDispose]()
      await expect(fixture.locker.acquire('key', { wait: 0 })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    })

    it('releases at the end of the block', async () => {
      {
        await using _ = await fixture.locker.acquire('key')
      }
      await using again = await fixture.other.acquire('key', { wait: 0 })
      expect(again.signal?.aborted).not.toBe(true)
    })

    it('has one holder at a time, however many want the key', async () => {
      let holders = 0
      let most = 0
      const work = async (locker: Locker) => {
        await using _ = await locker.acquire('key')
        most = Math.max(most, ++holders)
        await turn()
        holders--
      }
      const all = Array.from({ length: 30 }, (_, i) => work(i % 2 ? fixture.locker : fixture.other))
      await Promise.all(all)
      expect(most).toBe(1)
    })
  })
}

export interface LossyLockerFixture extends LockerFixture {
  /** Takes the key from its holder, as an operator or a failing server does. */
  lose(key: string): Promise<void>
}

/** What a locker has to do whose locks can be lost. */
export function lossyLockerSuite(name: string, factory: () => Promise<LossyLockerFixture>): void {
  describe(`${name} losing locks`, () => {
    let fixture: LossyLockerFixture
    beforeEach(async () => {
      fixture = await factory()
    })
    afterEach(() => fixture.close())

    it('S5 aborts the signal of a lost lock, with a retryable error', async () => {
      const lock = await fixture.locker.acquire('key')
      await fixture.lose('key')
      await vi.waitUntil(() => lock.signal?.aborted, { timeout: 10_000, interval: 5 })
      expect(lock.signal?.reason).toMatchObject({ code: 'UNAVAILABLE', retryable: true })
      await lock.release()
    })

    it('S5 gives the key to another holder, which a late release does not affect', async () => {
      const lost = await fixture.locker.acquire('key')
      await fixture.lose('key')
      await using _ = await fixture.other.acquire('key')
      await lost.release()
      await expect(fixture.locker.acquire('key', { wait: 0 })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    })

    it('S5 loses one key and keeps the others', async () => {
      const lost = await fixture.locker.acquire('lost')
      await using kept = await fixture.locker.acquire('kept')
      await fixture.lose('lost')
      await vi.waitUntil(() => lost.signal?.aborted, { timeout: 10_000, interval: 5 })
      expect(kept.signal?.aborted).toBe(false)
      await expect(fixture.other.acquire('kept', { wait: 0 })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    })
  })
}
