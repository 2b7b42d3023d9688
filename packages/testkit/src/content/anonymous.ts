import type { ContentStore } from '@dist/content'
import { describe, expect, it } from 'vitest'
import { all, bytesOf, pieces, put, sample } from './sample.js'
import { type ContentFixture, eachTest } from './suite.js'

/** The contract of stores that take content whose digest is not known in advance. */
export function anonymousSuite(name: string, factory: () => Promise<ContentFixture>): void {
  describe(`${name} with content of unknown digest`, () => {
    const store = eachTest(factory)

    it.each([0, 1000, 3 * 1024 * 1024])('commits %i bytes under the digest they have', async (size) => {
      const blob = sample(`anonymous ${size}`, size)
      await using writer = await store().writer('ref', {})
      for (const chunk of pieces(blob.content, 65_536)) await writer.write(chunk)
      expect(await writer.commit()).toMatchObject({ digest: blob.digest, size })
      expect((await bytesOf(store(), blob.digest)).equals(blob.content)).toBe(true)
    })

    it('counts content that is stored already as committed', async () => {
      const blob = sample('known', 1000)
      await put(store(), 'ref', blob)
      const there = await store().info(blob.digest)
      await using writer = await store().writer('ref', { size: 1000 })
      await writer.write(blob.content.slice())
      expect(await writer.commit()).toEqual(there)
      expect(await all(store().statuses())).toEqual([])
    })

    it('S3 verifies the size all the same', async () => {
      await using writer = await store().writer('ref', { size: 5 })
      await writer.write(new Uint8Array(4))
      await expect(writer.commit()).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
      expect(await all(store().walk())).toEqual([])
    })

    it('starts at byte 0 after a cut: without a digest nothing can be resumed', async () => {
      const cut: ContentStore = store()
      await using writer = await cut.writer('ref', {})
      await writer.write(new Uint8Array(2 * 1024 * 1024))
      await writer[Symbol.asyncDispose]()
      await using again = await cut.writer('ref', {})
      expect(again.status.offset).toBe(0)
    })
  })
}
