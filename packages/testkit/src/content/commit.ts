import { isDigest } from '@dist/oci'
import { expect, it } from 'vitest'
import { bytesOf, pieces, put, sample } from './sample.js'
import type { Current } from './suite.js'

const mebibyte = 1024 * 1024

export function writersCommit(store: Current): void {
  it.each([
    ['zero bytes', 0],
    ['one byte', 1],
    ['less than a batch', 10_240],
    ['exactly a mebibyte', mebibyte],
    ['one byte more', mebibyte + 1],
    ['several batches', 7 * mebibyte + 13],
  ])('%s, and gives the same bytes back', async (_, size) => {
    const blob = sample(`commit ${size}`, size)
    const info = await put(store(), 'ref', blob)
    expect(info).toMatchObject({ digest: blob.digest, size })
    expect((await bytesOf(store(), blob.digest)).equals(blob.content)).toBe(true)
    expect(await store().info(blob.digest)).toMatchObject({ digest: blob.digest, size })
  })

  it('content with a sha512 digest', async () => {
    const blob = sample('sha512', 100_000, 'sha512')
    expect(isDigest(blob.digest)).toBe(true)
    expect(await put(store(), 'ref', blob)).toMatchObject({ digest: blob.digest })
    expect((await bytesOf(store(), blob.digest)).equals(blob.content)).toBe(true)
  })

  it('content of unknown size', async () => {
    const blob = sample('no size', 3 * mebibyte)
    await using writer = await store().writer('ref', { digest: blob.digest })
    expect(writer.status.total).toBeUndefined()
    for (const chunk of pieces(blob.content, 100_000)) await writer.write(chunk)
    expect(await writer.commit()).toMatchObject({ size: blob.size })
    expect((await bytesOf(store(), blob.digest)).equals(blob.content)).toBe(true)
  })

  it('chunks of every size, the empty one included', async () => {
    const blob = sample('odd chunks', 2 * mebibyte)
    await using writer = await store().writer('ref', blob)
    let at = 0
    for (let length = 0; at < blob.size; length = length * 3 + 1) {
      await writer.write(blob.content.slice(at, at + length))
      at += length
    }
    await writer.commit()
    expect((await bytesOf(store(), blob.digest)).equals(blob.content)).toBe(true)
  })

  it('nothing before commit, all of it after', async () => {
    const blob = sample('visible', 2 * mebibyte)
    await using writer = await store().writer('ref', blob)
    await writer.write(blob.content.slice())
    await expect(store().info(blob.digest)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(store().open(blob)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await writer.commit()
    expect(await store().info(blob.digest)).toMatchObject({ size: blob.size })
  })

  it('once: the next writer of stored content gets ALREADY_EXISTS', async () => {
    const blob = sample('twice', 1000)
    await put(store(), 'ref', blob)
    await expect(store().writer('ref', blob)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    await expect(store().writer('other', blob)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
  })

  it('many small writes at a time', async () => {
    const blobs = Array.from({ length: 40 }, (_, i) => sample(`small ${i}`, 1 + i * 97))
    await Promise.all(blobs.map((blob) => put(store(), blob.digest, blob)))
    for (const blob of blobs) {
      expect((await bytesOf(store(), blob.digest)).equals(blob.content)).toBe(true)
    }
  })

  it('after a restart only what came since', async () => {
    const blob = sample('restart', 3 * mebibyte)
    await using writer = await store().writer('ref', blob)
    for (const chunk of pieces(sample('something else', 2 * mebibyte).content, 65_536))
      await writer.write(chunk)
    await writer.restart()
    expect(writer.status.offset).toBe(0)
    for (const chunk of pieces(blob.content, 65_536)) await writer.write(chunk)
    await writer.commit()
    expect((await bytesOf(store(), blob.digest)).equals(blob.content)).toBe(true)
  })

  it('and restarts a small write as well', async () => {
    const blob = sample('small restart', 500)
    await using writer = await store().writer('ref', blob)
    await writer.write(sample('wrong', 400).content)
    await writer.restart()
    await writer.write(blob.content.slice())
    await writer.commit()
    expect((await bytesOf(store(), blob.digest)).equals(blob.content)).toBe(true)
  })

  it('and frees the ref', async () => {
    const [one, two] = [sample('one', 10), sample('two', 20)]
    await put(store(), 'ref', one)
    await put(store(), 'ref', two)
    expect(await store().info(two.digest)).toMatchObject({ size: 20 })
  })
}
