import { describe, expect, it } from 'vitest'
import { createS3Client } from '../src/client.js'

const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' }

// The SDK reads it when a client is created.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'

describe('a client', () => {
  it('computes no checksums, sends no 100-continue, and does not retry', async () => {
    const { config } = createS3Client({ endpoint: 'http://127.0.0.1:1', pathStyle: true, credentials })
    expect(await config.requestChecksumCalculation()).toBe('WHEN_REQUIRED')
    expect(await config.responseChecksumValidation()).toBe('WHEN_REQUIRED')
    expect(config.expectContinueHeader).toBe(false)
    expect(await config.maxAttempts()).toBe(1)
    expect(config.forcePathStyle).toBe(true)
  })

  it('has a default region with an endpoint, else the given one', async () => {
    const own = createS3Client({ endpoint: 'http://127.0.0.1:1', pathStyle: true, credentials })
    expect(await own.config.region()).toBe('us-east-1')
    const given = createS3Client({ region: 'eu-west-1', pathStyle: false, credentials })
    expect(await given.config.region()).toBe('eu-west-1')
  })
})
