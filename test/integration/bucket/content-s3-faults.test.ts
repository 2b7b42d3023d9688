import { gather } from '@dist/content'
import { digestOf } from '@dist/oci'
import { waitFor } from '@dist/testkit/servers'
import { describe, expect, it } from 'vitest'
import {
  answer,
  FaultyStore,
  inParts,
  type Kind,
  kindOf,
  partSize,
  pieces,
  sample,
} from '../support/faulty-store.js'

const slowDown = answer(503, 'SlowDown')
const documentOfError = '<?xml version="1.0"?><Error><Code>InternalError</Code></Error>'

describe.each(['fast', 'sdk'] as const)('S9 a busy server, requests of the kind %s:', (requests) => {
  const s3 = new FaultyStore(requests)

  it('gets HEAD again', async () => {
    const { digest } = await s3.write(1000, 'slow head', s3.direct)
    s3.faults('head', slowDown, answer(503, 'ServiceUnavailable'), slowDown)
    expect(await s3.store.content.info(digest)).toMatchObject({ size: 1000 })
    expect(s3.count('head')).toBe(4)
  })

  it('gets small puts and reads again', async () => {
    s3.faults('put', slowDown, answer(500, 'InternalError'))
    const info = await s3.write(1000, 'slow put')
    s3.faults('get', slowDown, slowDown)
    await gather(await s3.store.content.open(info), 1000, info.digest)
    await s3.expectWhole(info)
  })

  it('that never answers is UNAVAILABLE within the time-out', async () => {
    const impatient = await s3.through({ timeout: 200, attempts: 2 })
    s3.proxy.fault = (request) => (kindOf(request) === 'head' ? { hang: true } : undefined)
    await expect(impatient.content.info(digestOf('x'))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      retryable: true,
    })
    await impatient.close()
  })
})

// All steps of the SDK send the requests of an upload, whatever the kind of small requests is.
describe('an upload in parts:', () => {
  const s3 = new FaultyStore('fast')

  describe('S9 a busy server', () => {
    it.each<Kind>(['create', 'part', 'complete'])('gets the request again: SlowDown to %s', async (kind) => {
      s3.faults(kind, slowDown, answer(503, 'ServiceUnavailable'), slowDown)
      await s3.expectWhole(await s3.write(inParts, `slow ${kind}`))
    })

    it('that stays busy is UNAVAILABLE and retryable, and leaves no upload', async () => {
      s3.proxy.fault = (request) => (kindOf(request) === 'part' ? slowDown : undefined)
      const writing = s3.write(inParts, 'always slow')
      await expect(writing).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
      await s3.expectNothing(sample('always slow', inParts).digest)
      s3.proxy.fault = () => undefined
      await s3.expectWhole(await s3.write(inParts, 'always slow'))
    })

    it('whose connections break gets the request again', async () => {
      s3.faults('part', { afterwards: 'broken' }, { afterwards: 'broken' })
      await s3.expectWhole(await s3.write(inParts, 'broken'))
    })
  })

  describe('S10 completing', () => {
    it.each([
      ['an error', documentOfError],
      ['nothing', ''],
    ])('is tried again when 200 comes with %s', async (name, body) => {
      // The time-out is also how long the object is awaited before the second attempt.
      const store = await s3.through({ timeout: 4_000 })
      s3.faults('complete', { answer: { status: 200, body } })
      await s3.expectWhole(await s3.write(inParts, `${name} in 200`, store))
      expect(s3.count('complete')).toBe(2)
      await store.close()
    })

    it('succeeded where the object is there, although the answer was lost', async () => {
      s3.faults('complete', { afterwards: 'broken' })
      await s3.expectWhole(await s3.write(inParts, 'lost answer'))
      expect(s3.count('complete')).toBe(1)
    })

    it('succeeded where the object is there, although the upload is said to be unknown', async () => {
      s3.faults('complete', { afterwards: { status: 404, error: 'NoSuchUpload' } })
      await s3.expectWhole(await s3.write(inParts, 'unknown upload'))
    })

    it('is not sent when another writer was first: the own upload is aborted', async () => {
      const size = inParts
      const blob = sample('overtaken', size)
      await using writer = await s3.store.content.writer('overtaken', blob)
      for (const chunk of pieces(blob.content)) await writer.write(chunk)
      await s3.write(size, 'overtaken', s3.direct)
      await s3.expectWhole(await writer.commit())
      expect([s3.count('complete'), s3.count('abort')]).toEqual([0, 1])
    })
  })

  describe('S11 an upload that cannot be completed', () => {
    it.each([
      ['NoSuchUpload', 404],
      ['InvalidPart', 400],
      ['InvalidPartOrder', 400],
      ['EntityTooSmall', 400],
    ])('by %s is retryable, and leaves nothing', async (error, status) => {
      const seed = `lost by ${error}`
      s3.faults('complete', answer(status, error))
      await expect(s3.write(inParts, seed)).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        retryable: true,
      })
      expect(s3.count('complete')).toBe(1)
      await s3.expectNothing(sample(seed, inParts).digest)
      await s3.expectWhole(await s3.write(inParts, seed))
    })

    it('because another process aborted it is retryable', async () => {
      const blob = sample('aborted by others', inParts)
      await using writer = await s3.store.content.writer('aborted', blob)
      for (const chunk of pieces(blob.content)) await writer.write(chunk)
      await waitFor(() => s3.isAt(partSize), 'a part on the server')
      // With this age the sweep removes every upload.
      await s3.direct.sweep(-60_000)
      await expect(writer.commit()).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
      await s3.expectNothing(blob.digest)
      await s3.expectWhole(await s3.write(blob.size, 'aborted by others'))
    })

    it('because a part is refused is not retryable', async () => {
      s3.proxy.fault = (request) => (kindOf(request) === 'part' ? answer(403, 'AccessDenied') : undefined)
      await expect(s3.write(inParts, 'denied')).rejects.toMatchObject({
        code: 'PERMISSION_DENIED',
        retryable: false,
      })
      await s3.expectNothing(sample('denied', inParts).digest)
    })
  })
})
