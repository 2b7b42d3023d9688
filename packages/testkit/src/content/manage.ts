import { hadRecently } from '@dist/content'
import { expect, it } from 'vitest'
import { all, bytesOf, put, sample } from './sample.js'
import type { Current } from './suite.js'

export function storesManage(store: Current): void {
  it('walks all committed content, and nothing else', async () => {
    const blobs = [sample('a', 0), sample('b', 10), sample('c', 2_000_000), sample('d', 7, 'sha512')]
    for (const blob of blobs) await put(store(), 'ref', blob)
    await using writer = await store().writer('ref', sample('under way', 10))
    await writer.write(new Uint8Array(5))
    const walked = (await all(store().walk())).map(({ digest, size }) => `${digest} ${size}`)
    expect(walked.sort()).toEqual(blobs.map(({ digest, size }) => `${digest} ${size}`).sort())
  })

  it('walks an empty store', async () => {
    expect(await all(store().walk())).toEqual([])
    expect(await all(store().statuses())).toEqual([])
  })

  it('says when content was committed', async () => {
    const blob = sample('time', 10)
    const before = Date.now()
    await put(store(), 'ref', blob)
    const { committedAt } = await store().info(blob.digest)
    // A store's clock may be another machine's.
    expect(Math.abs(committedAt.getTime() - before)).toBeLessThan(15 * 60_000)
  })

  it.each([1, 30])(
    'remembers nothing that %i of its own writes and deletions have changed',
    async (count) => {
      const blobs = Array.from({ length: count }, (_, i) => sample(`remembered ${i}`, 100))
      const descs = blobs.map(({ digest, size }) => ({ mediaType: 'application/octet-stream', digest, size }))
      const known = () => Promise.all(descs.map((desc) => hadRecently(store(), desc)))
      const each = (there: boolean) => blobs.map(() => there)
      expect(await known()).toEqual(each(false))
      await Promise.all(blobs.map((blob, i) => put(store(), `ref ${i}`, blob)))
      expect(await known()).toEqual(each(true))
      for (const { digest } of blobs) await store().delete(digest)
      expect(await known()).toEqual(each(false))
      await Promise.all(blobs.map((blob, i) => put(store(), `ref ${i}`, blob)))
      expect(await known()).toEqual(each(true))
    },
  )

  it('deletes content, which can then be written again', async () => {
    const blob = sample('deleted', 1000)
    await put(store(), 'ref', blob)
    await store().delete(blob.digest)
    await expect(store().info(blob.digest)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(store().delete(blob.digest)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await put(store(), 'ref', blob)
    expect((await bytesOf(store(), blob.digest)).equals(blob.content)).toBe(true)
  })

  it('shows the writes under way with ref, offset, total and expectation', async () => {
    const [one, two] = [sample('status one', 1000), sample('status two', 3 * 1024 * 1024)]
    await using first = await store().writer('first', one)
    await using second = await store().writer('second', { digest: two.digest })
    await first.write(one.content.slice(0, 400))
    await second.write(two.content.slice(0, 2 * 1024 * 1024))
    const byRef = new Map((await all(store().statuses())).map((status) => [status.ref, status]))
    expect([...byRef.keys()].sort()).toEqual(['first', 'second'])
    expect(byRef.get('first')).toMatchObject({ total: 1000, expected: { digest: one.digest, size: 1000 } })
    expect(byRef.get('second')?.total).toBeUndefined()
    expect(byRef.get('second')?.expected).toEqual({ digest: two.digest })
    expect(byRef.get('first')?.startedAt).toBeInstanceOf(Date)
    expect(first.status).toMatchObject({ ref: 'first', offset: 400, total: 1000, live: true })
  })

  it('shows no write once it is committed or aborted', async () => {
    const blob = sample('over', 10)
    await put(store(), 'committed', blob)
    await (await store().writer('aborted', sample('over too', 10))).abort()
    expect(await all(store().statuses())).toEqual([])
  })

  it('aborts by ref: NOT_FOUND without a write, UNAVAILABLE during a write', async () => {
    await expect(store().abort('unknown')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await using writer = await store().writer('ref', sample('live', 10))
    await writer.write(new Uint8Array(5))
    await expect(store().abort('ref')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await writer.abort()
    await expect(store().abort('ref')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
}
