import { copyContent } from '@dist/content'
import { expect, it } from 'vitest'
import { all, bytesOf, pieces, put, sample } from './sample.js'
import type { Current } from './suite.js'

const sizes = [1000, 3 * 1024 * 1024]

export function writersFail(store: Current): void {
  it.each(sizes)(
    'S8 the source fails in the middle of %i: no object, and the next run finishes',
    async (size) => {
      const blob = sample(`cut off ${size}`, size)
      const source = async function* () {
        yield blob.content.slice(0, size / 2)
        throw new Error('the source is gone')
      }
      const cutOff = async () => {
        await using writer = await store().writer('ref', blob)
        await copyContent(writer, source())
      }
      await expect(cutOff()).rejects.toThrow('the source is gone')
      await expect(store().info(blob.digest)).rejects.toMatchObject({ code: 'NOT_FOUND' })
      await using writer = await store().writer('ref', blob)
      for (const chunk of pieces(blob.content.subarray(writer.status.offset), 65_536))
        await writer.write(chunk)
      await writer.commit()
      expect((await bytesOf(store(), blob.digest)).equals(blob.content)).toBe(true)
    },
  )

  it.each(sizes)('an abort throws away what was written of %i and frees the ref', async (size) => {
    const blob = sample(`aborted ${size}`, size)
    const writer = await store().writer('ref', blob)
    await writer.write(blob.content.slice(0, size - 1))
    await writer.abort()
    expect(await all(store().statuses())).toEqual([])
    await expect(store().info(blob.digest)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await using again = await store().writer('ref', blob)
    expect(again.status.offset).toBe(0)
  })

  it('disposing without commit frees the ref and shows nothing', async () => {
    const blob = sample('disposed', 1000)
    await (await store().writer('ref', blob))[Symbol.asyncDispose]()
    await expect(store().info(blob.digest)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await put(store(), 'ref', blob)
    expect(await store().info(blob.digest)).toMatchObject({ size: 1000 })
  })

  it('abort and dispose after a commit, or a second time, do nothing', async () => {
    const blob = sample('after commit', 1000)
    const writer = await store().writer('ref', blob)
    await writer.write(blob.content.slice())
    await writer.commit()
    await writer.abort()
    await writer[Symbol.asyncDispose]()
    await writer.abort()
    expect((await bytesOf(store(), blob.digest)).equals(blob.content)).toBe(true)
  })

  it('an old writer that is disposed late leaves the next one of its ref alone', async () => {
    const [one, two] = [sample('late one', 1000), sample('late two', 2000)]
    const old = await store().writer('ref', one)
    await old.abort()
    await using next = await store().writer('ref', two)
    await old[Symbol.asyncDispose]()
    await expect(store().writer('ref', one)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await next.write(two.content.slice())
    expect(await next.commit()).toMatchObject({ digest: two.digest })
  })

  it('a closed writer takes nothing any more', async () => {
    const writer = await store().writer('ref', sample('closed', 10))
    await writer.abort()
    await expect(writer.write(new Uint8Array(1))).rejects.toThrow('closed')
    await expect(writer.commit()).rejects.toThrow('closed')
    await expect(writer.restart()).rejects.toThrow('closed')
  })

  it('a signal that is aborted opens no writer', async () => {
    const signal = AbortSignal.abort()
    await expect(store().writer('ref', sample('signal', 10), { signal })).rejects.toMatchObject({
      code: 'CANCELED',
    })
    await put(store(), 'ref', sample('signal', 10))
  })
}
