import { expect, it } from 'vitest'
import { all, bytesOf, pieces, put, type Sample, sample } from './sample.js'
import type { Current } from './suite.js'

const sizes = [1000, 3 * 1024 * 1024]

export function writersRace(store: Current): void {
  const write = async (ref: string, blob: Sample) => {
    await using writer = await store().writer(ref, blob)
    for (const chunk of pieces(blob.content, 65_536)) {
      await writer.write(chunk)
      await expectAbsentOrWhole(blob)
    }
    return writer.commit()
  }
  const expectAbsentOrWhole = async (blob: Sample) => {
    const bytes = await bytesOf(store(), blob.digest).catch(
      (error: { code?: string | undefined }) => error.code,
    )
    expect(bytes === 'NOT_FOUND' || (bytes instanceof Buffer && bytes.equals(blob.content))).toBe(true)
  }

  it.each(sizes)('S1 eight writers of one digest of %i: one object, all succeed', async (size) => {
    const blob = sample(`eight ${size}`, size)
    const writers = Array.from({ length: 8 }, (_, i) => write(`ref ${i}`, blob))
    // Writers that open after the first commit get ALREADY_EXISTS; all others commit.
    const outcomes = await Promise.allSettled(writers)
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') expect(outcome.value).toMatchObject({ digest: blob.digest, size })
      else expect(outcome.reason).toMatchObject({ code: 'ALREADY_EXISTS' })
    }
    expect((await all(store().walk())).map(({ digest }) => digest)).toEqual([blob.digest])
    expect((await bytesOf(store(), blob.digest)).equals(blob.content)).toBe(true)
  })

  it.each(sizes)('content of %i that another writer committed meanwhile is no error', async (size) => {
    const blob = sample(`meanwhile ${size}`, size)
    await using writer = await store().writer('slow', blob)
    await writer.write(blob.content.slice())
    await put(store(), 'fast', blob)
    expect(await writer.commit()).toMatchObject({ digest: blob.digest, size })
    expect((await bytesOf(store(), blob.digest)).equals(blob.content)).toBe(true)
    expect(await all(store().statuses())).toEqual([])
  })

  it('S2 a second writer on a held ref: UNAVAILABLE at once, naming since when', async () => {
    await using writer = await store().writer('ref', sample('held', 1000))
    const since = writer.status.startedAt.toISOString().slice(0, 16)
    for (const other of [sample('held', 1000), sample('another', 10)]) {
      await expect(store().writer('ref', other)).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        retryable: true,
        message: expect.stringContaining(since),
      })
    }
  })

  it('S2 and the ref is free again once its writer is done', async () => {
    const blob = sample('done', 1000)
    await using writer = await store().writer('ref', sample('first', 10))
    await expect(store().writer('ref', blob)).rejects.toMatchObject({ code: 'UNAVAILABLE', held: true })
    await writer.abort()
    await put(store(), 'ref', blob)
    expect(await store().info(blob.digest)).toMatchObject({ size: 1000 })
  })
}
