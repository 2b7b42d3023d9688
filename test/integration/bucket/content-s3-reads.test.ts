import { gather } from '@dist/content'
import { digestOf } from '@dist/oci'
import type { Fault } from '@dist/testkit/servers'
import { describe, expect, it } from 'vitest'
import { FaultyStore, kindOf, mebibyte } from '../support/faulty-store.js'

describe.each(['fast', 'sdk'] as const)('requests of the kind %s:', (requests) => {
  const s3 = new FaultyStore(requests)

  describe('a body that is cut off', () => {
    const size = 3 * mebibyte

    it('is continued with Range', async () => {
      const { digest } = await s3.write(size, 'broken body')
      s3.faults('get', { cutAfter: mebibyte }, { cutAfter: 1000 })
      const content = await gather(await s3.store.content.open({ digest }), size, digest)
      expect(digestOf(content)).toBe(digest)
      const ranges = s3.requests('get')
      expect(ranges.map(({ headers }) => headers.range)).toEqual([
        undefined,
        `bytes=${mebibyte}-`,
        `bytes=${mebibyte + 1000}-`,
      ])
    })

    it('fails when it makes no progress, and never ends early', async () => {
      const { digest } = await s3.write(size, 'hopeless body')
      let first = true
      s3.proxy.fault = (request) => {
        if (kindOf(request) !== 'get') return undefined
        const fault: Fault = { cutAfter: first ? mebibyte : 0 }
        first = false
        return fault
      }
      let came = 0
      const reading = async () => {
        for await (const chunk of await s3.store.content.open({ digest })) came += chunk.byteLength
      }
      await expect(reading()).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
      expect(came).toBe(mebibyte)
    })

    it('is not continued from a server without Range', async () => {
      const { digest } = await s3.write(size, 'no ranges')
      const whole: Fault = { answer: { status: 200, body: 'something else' } }
      s3.faults('get', { cutAfter: mebibyte }, whole)
      const reading = s3.store.content.open({ digest }).then((body) => gather(body, size, digest))
      await expect(reading).rejects.toMatchObject({ code: 'MALFORMED' })
    })

    it('ends with the signal of its reader', async () => {
      const { digest } = await s3.write(size, 'canceled body')
      const controller = new AbortController()
      const reading = async () => {
        for await (const _ of await s3.store.content.open({ digest }, { signal: controller.signal }))
          controller.abort()
      }
      await expect(reading()).rejects.toMatchObject({ code: 'CANCELED' })
    })
  })
})
