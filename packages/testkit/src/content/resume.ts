import type { ContentStore } from '@dist/content'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { all, bytesOf, pieces, type Sample, sample } from './sample.js'

export interface ResumeFixture {
  /** A store on the same content as a process that starts later sees it: nothing in memory is shared. */
  open(): Promise<ContentStore>
  close(): Promise<void>
}

const size = 3 * 1024 * 1024 + 17

/** What a store has to do that can go on with a cut-off write. */
export function resumeSuite(name: string, factory: () => Promise<ResumeFixture>): void {
  describe(`${name} resuming writes`, () => {
    let fixture: ResumeFixture
    beforeEach(async () => {
      fixture = await factory()
    })
    afterEach(() => fixture.close())

    const cutOff = async (blob: Sample, at: number, ref = 'ref') => {
      await using writer = await (await fixture.open()).writer(ref, blob)
      for (const chunk of pieces(blob.content.subarray(writer.status.offset, at), 50_000))
        await writer.write(chunk)
    }
    const finish = async (blob: Sample, ref = 'ref') => {
      const store = await fixture.open()
      await using writer = await store.writer(ref, blob)
      const { offset } = writer.status
      for (const chunk of pieces(blob.content.subarray(offset), 70_000)) await writer.write(chunk)
      await writer.commit()
      expect((await bytesOf(store, blob.digest)).equals(blob.content)).toBe(true)
      expect(await all(store.statuses())).toEqual([])
      return offset
    }

    it.each([1, 4096, 1024 * 1024, 2_000_000, size - 1, size])('S4 goes on after %i bytes', async (at) => {
      const blob = sample('resumed', size)
      await cutOff(blob, at)
      expect(await finish(blob)).toBe(at)
    })

    it('S4 goes on at any cuts, however many', async () => {
      const cuts = fc.array(fc.integer({ min: 0, max: 300_000 }), { minLength: 1, maxLength: 4 })
      let run = 0
      await fc.assert(
        // Shorter content could be what an earlier example has committed already.
        fc.asyncProperty(cuts, fc.integer({ min: 64, max: 300_000 }), async (ats, length) => {
          const blob = sample(`property ${run++}`, length)
          for (const at of ats.sort((a, b) => a - b)) await cutOff(blob, Math.min(at, length), blob.digest)
          expect(await finish(blob, blob.digest)).toBe(Math.min(Math.max(...ats), length))
        }),
        { numRuns: 25 },
      )
    })

    it('S4 a restart after resuming forgets the earlier bytes', async () => {
      const blob = sample('restarted', size)
      await cutOff(blob, 2_000_000)
      const store = await fixture.open()
      await using writer = await store.writer('ref', blob)
      await writer.restart()
      for (const chunk of pieces(blob.content, 65_536)) await writer.write(chunk)
      await writer.commit()
      expect((await bytesOf(store, blob.digest)).equals(blob.content)).toBe(true)
    })

    it('S4 damage between two runs is detected, and the next run starts at 0', async () => {
      const blob = sample('damaged', size)
      const wrong = sample('wrong bytes', size)
      await cutOff({ ...wrong, digest: blob.digest }, 2_000_000)
      await expect(finish(blob)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
      expect(await finish(blob)).toBe(0)
    })

    it('starts at 0 when another digest, or none, is expected', async () => {
      const [one, two] = [sample('one', size), sample('two', size)]
      for (const expected of [two, {}]) {
        await cutOff(one, 2_000_000)
        await using writer = await (await fixture.open()).writer('ref', expected)
        expect(writer.status.offset).toBe(0)
      }
    })

    it('starts at 0 when another size is expected', async () => {
      const blob = sample('sizes', size)
      await cutOff(blob, 2_000_000)
      await using writer = await (await fixture.open()).writer('ref', { digest: blob.digest, size: size + 1 })
      expect(writer.status.offset).toBe(0)
    })

    it('shows a cut-off write with its offset, not live, and since when', async () => {
      const blob = sample('shown', size)
      const before = Date.now() - 1000
      await cutOff(blob, 2_000_000)
      const [status, ...more] = await all((await fixture.open()).statuses())
      expect(more).toEqual([])
      expect(status).toMatchObject({ ref: 'ref', offset: 2_000_000, total: size, live: false })
      expect(status?.expected).toEqual({ digest: blob.digest, size })
      expect(status?.startedAt.getTime()).toBeGreaterThan(before)
      expect(status?.updatedAt.getTime()).toBeGreaterThan(before)
    })

    it('throws a cut-off write away by its ref', async () => {
      const blob = sample('thrown away', size)
      await cutOff(blob, 2_000_000)
      const store = await fixture.open()
      await store.abort('ref')
      expect(await all(store.statuses())).toEqual([])
      await expect(store.abort('ref')).rejects.toMatchObject({ code: 'NOT_FOUND' })
      expect(await finish(blob)).toBe(0)
    })

    it('S2 holds the ref against every other opening of the store', async () => {
      const blob = sample('held', size)
      await using _ = await (await fixture.open()).writer('ref', blob)
      const other = await fixture.open()
      await expect(other.writer('ref', blob)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      await expect(other.abort('ref')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    })
  })
}
