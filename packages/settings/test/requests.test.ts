import { describe, expect, it } from 'vitest'
import { readLargeBody, readS3Requests } from '../src/requests.js'

describe('how small requests to a bucket are sent', () => {
  it('is the variable, else the fast way', async () => {
    expect(await readS3Requests({ DIST_S3_REQUESTS: 'sdk' })).toBe('sdk')
    expect(await readS3Requests({ DIST_S3_REQUESTS: '' })).toBe('fast')
  })

  it('refuses other values', async () => {
    await expect(readS3Requests({ DIST_S3_REQUESTS: 'slow' })).rejects.toThrowError(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('fast or sdk') }),
    )
  })
})

describe('the size from which bodies are large', () => {
  it('is the default, unless the variable leaves all to undici', async () => {
    expect(await readLargeBody({})).toBeUndefined()
    expect(await readLargeBody({ DIST_LARGE_BLOBS: 'undici' })).toBe(Number.POSITIVE_INFINITY)
  })

  it('refuses other values', async () => {
    await expect(readLargeBody({ DIST_LARGE_BLOBS: 'slow' })).rejects.toThrowError(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('fast or undici'),
      }),
    )
  })
})
