import { createStore } from '@dist/content'
import { verifyBlob } from '@dist/mirror'
import { type Digest, digestOf } from '@dist/oci'
import { seededBuffer } from '@dist/testkit/fixtures'
import { beforeEach, describe, expect, it } from 'vitest'
import { errorOf } from './support/errors.js'
import { diskError, FaultyDriver, serverError } from './support/faulty.js'

const content = seededBuffer('verified', 5000)
const digest = digestOf(content)
let driver: FaultyDriver
let store: ReturnType<typeof createStore>

beforeEach(async () => {
  driver = new FaultyDriver()
  store = createStore(driver)
  await commit(content, digest)
})

async function commit(bytes: Uint8Array, of: Digest): Promise<void> {
  await using writer = await store.writer('a', { digest: of })
  await writer.write(bytes)
  await writer.commit()
}

describe('verifyBlob (S20)', () => {
  it('finds complete content right, with both algorithms and without bytes', async () => {
    expect(await verifyBlob({ digest }, store)).toEqual({ state: 'right', size: 5000 })
    const long = digestOf(content, 'sha512')
    await commit(content, long)
    expect(await verifyBlob({ digest: long }, store)).toEqual({ state: 'right', size: 5000 })
    await commit(new Uint8Array(0), digestOf(''))
    expect(await verifyBlob({ digest: digestOf('') }, store)).toEqual({ state: 'right', size: 0 })
  })

  it.each([
    ['flipped', 5000, () => content.with(0, (content[0] ?? 0) ^ 1)],
    ['short', 4999, () => content.subarray(1)],
    ['long', 5001, () => Buffer.concat([content, Uint8Array.of(0)])],
  ] as const)('finds %s content damaged, and reports size and digest', async (damage, size, found) => {
    driver.damages.set(digest, damage)
    expect(await verifyBlob({ digest }, store)).toEqual({ state: 'damaged', size, digest: digestOf(found()) })
  })

  it('reports missing content', async () => {
    expect(await verifyBlob({ digest: digestOf('nowhere') }, store)).toEqual({ state: 'missing' })
  })

  it('reports content that the store fails to read, and whether a retry can help', async () => {
    driver.damages.set(digest, diskError())
    expect(await verifyBlob({ digest }, store)).toEqual({
      state: 'unreadable',
      code: 'INTERNAL',
      message: expect.stringContaining('EIO'),
      retryable: false,
    })
    driver.damages.set(digest, serverError())
    expect(await verifyBlob({ digest }, store)).toMatchObject({ code: 'UNAVAILABLE', retryable: true })
  })

  it('reports its progress', async () => {
    const offsets: number[] = []
    await verifyBlob({ digest }, store, { onProgress: (offset) => offsets.push(offset) })
    expect(offsets).toEqual([5000])
  })

  it('throws, and returns no state, if the signal aborts', async () => {
    const controller = new AbortController()
    const onProgress = () => controller.abort()
    const verifying = verifyBlob({ digest }, store, { signal: controller.signal, onProgress })
    await expect(verifying).rejects.toEqual(errorOf('CANCELED'))
  })

  it('throws a programming error', async () => {
    const defect = { open: () => Promise.reject(new TypeError('undefined is not a function')) }
    await expect(verifyBlob({ digest }, defect)).rejects.toThrow(TypeError)
  })
})
