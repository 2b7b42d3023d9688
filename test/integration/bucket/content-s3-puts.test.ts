import { describe, expect, it } from 'vitest'
import { answer, FaultyStore, inParts, sample } from '../support/faulty-store.js'

describe.each(['fast', 'sdk'] as const)('requests of the kind %s:', (requests) => {
  const s3 = new FaultyStore(requests)

  it('S12 no request has checksums of the SDK, neither as headers nor as trailers', async () => {
    await s3.write(inParts, 'no checksums')
    await s3.write(100, 'none here')
    const names = new Set(s3.proxy.requests().flatMap(({ headers }) => Object.keys(headers)))
    expect([...names].filter((name) => /checksum|trailer|expect|decoded/.test(name))).toEqual([])
  })

  describe('S13 a conditional put', () => {
    const conditional = () => s3.requests('put').filter(({ headers }) => headers['if-none-match'] === '*')

    it('that finds the content is a success', async () => {
      const blob = sample('there', 1000)
      await using writer = await s3.store.content.writer('there', blob)
      await writer.write(blob.content)
      await s3.write(1000, 'there', s3.direct)
      await s3.expectWhole(await writer.commit())
      expect([conditional().length, s3.count('put')]).toEqual([1, 1])
    })

    it('whose answer was lost is a success: the second one finds the first', async () => {
      s3.faults('put', { afterwards: 'broken' })
      await s3.expectWhole(await s3.write(1000, 'lost put'))
      expect(conditional()).toHaveLength(2)
    })

    it('that conflicts with another is tried again', async () => {
      s3.faults('put', answer(409, 'ConditionalRequestConflict'), answer(409, 'ConditionalRequestConflict'))
      await s3.expectWhole(await s3.write(1000, 'conflict'))
      expect(conditional()).toHaveLength(3)
    })

    it('is omitted, now and later, when the server does not support it', async () => {
      s3.faults('put', answer(501, 'NotImplemented'))
      await s3.expectWhole(await s3.write(1000, 'unknown condition'))
      await s3.expectWhole(await s3.write(1000, 'unknown condition later'))
      expect([conditional().length, s3.count('put')]).toEqual([1, 3])
    })

    it('answered with 412 for a missing object is repeated without the condition', async () => {
      s3.faults('put', answer(412, 'PreconditionFailed'))
      await s3.expectWhole(await s3.write(1000, 'not there'))
    })

    it('signs small content with its own digest, so that the server checks it', async () => {
      const { digest } = await s3.write(1000, 'signed')
      expect(conditional()[0]?.headers['x-amz-content-sha256']).toBe(digest.slice('sha256:'.length))
    })
  })
})

describe('the signature of parts', () => {
  const s3 = new FaultyStore('fast')

  it.each([
    [false, 'leaves their bytes out', /^UNSIGNED-PAYLOAD$/],
    [true, 'covers their bytes', /^[0-9a-f]{64}$/],
  ])('with signParts %s %s', async (signParts, _, hash) => {
    const signing = await s3.through({ signParts })
    await s3.expectWhole(await s3.write(inParts, 'signature', signing))
    const parts = s3.requests('part')
    expect(parts).toHaveLength(2)
    for (const { headers } of parts) expect(headers['x-amz-content-sha256']).toMatch(hash)
    await signing.close()
  })
})
