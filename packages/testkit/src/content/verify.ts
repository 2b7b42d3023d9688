import { expect, it } from 'vitest'
import { all, put, type Sample, sample } from './sample.js'
import type { Current } from './suite.js'

const sizes = [1000, 3 * 1024 * 1024]

export function writersVerify(store: Current): void {
  const refused = async (blob: Sample) => {
    await expect(store().info(blob.digest)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect((await all(store().walk())).map(({ digest }) => digest)).toEqual([])
    expect(await all(store().statuses())).toEqual([])
    // The ref is free, and what was wrong is not gone on with.
    await using writer = await store().writer('ref', blob)
    expect(writer.status.offset).toBe(0)
    await writer.write(blob.content.slice())
    await writer.commit()
    expect(await store().info(blob.digest)).toMatchObject({ size: blob.size })
  }

  it.each(sizes)(
    'S3 a flipped byte in %i: FAILED_PRECONDITION, nothing there, ref reusable',
    async (size) => {
      const blob = sample(`flipped ${size}`, size)
      const flipped = blob.content.slice()
      flipped[size - 1] = (flipped[size - 1] ?? 0) ^ 1
      await using writer = await store().writer('ref', blob)
      await writer.write(flipped)
      await expect(writer.commit()).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
      await refused(blob)
    },
  )

  it.each(sizes)(
    'S3 a byte too few of %i: FAILED_PRECONDITION, nothing there, ref reusable',
    async (size) => {
      const blob = sample(`short ${size}`, size)
      await using writer = await store().writer('ref', blob)
      await writer.write(blob.content.slice(0, size - 1))
      await expect(writer.commit()).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
      await refused(blob)
    },
  )

  it.each(sizes)('S3 a byte too many for %i: refused by the write that brings it', async (size) => {
    const blob = sample(`long ${size}`, size)
    await using writer = await store().writer('ref', blob)
    await writer.write(blob.content.slice())
    await expect(writer.write(new Uint8Array(1))).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
    await refused(blob)
  })

  it('S3 the right bytes under a wrong size: FAILED_PRECONDITION', async () => {
    const blob = sample('wrong size', 1000)
    await using writer = await store().writer('ref', { digest: blob.digest, size: 1001 })
    await writer.write(blob.content.slice())
    await expect(writer.commit()).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
    await refused(blob)
  })

  it('stored content with another size than expected: FAILED_PRECONDITION', async () => {
    const blob = sample('there', 1000)
    await put(store(), 'ref', blob)
    await expect(store().writer('ref', { digest: blob.digest, size: 999 })).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
    })
  })

  it('zero bytes as a size, not as unknown', async () => {
    const empty = sample('empty', 0)
    await using writer = await store().writer('ref', empty)
    await expect(writer.write(new Uint8Array(1))).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
  })
}
