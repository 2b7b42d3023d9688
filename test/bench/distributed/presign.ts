import { createHash, createHmac } from 'node:crypto'
import type { Gateway } from '@dist/testkit/servers'

/** Seconds for which the URLs are good. */
const validity = 3600

/** A URL that lets anybody put one object (AWS Signature Version 4, in the query). */
export function presignPut(gateway: Gateway, key: string, now = new Date()): string {
  const { endpoint, region, accessKey, secretKey, bucket } = gateway
  const url = new URL(`/${bucket}/${key}`, endpoint)
  const time = now.toISOString().replace(/[-:]|\.\d+/g, '')
  const date = time.slice(0, 8)
  const scope = `${date}/${region}/s3/aws4_request`
  // In the order of their names, as the signature wants them.
  const query = new URLSearchParams({
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${accessKey}/${scope}`,
    'X-Amz-Date': time,
    'X-Amz-Expires': String(validity),
    'X-Amz-SignedHeaders': 'host',
  })
  const request = ['PUT', url.pathname, query, `host:${url.host}\n`, 'host', 'UNSIGNED-PAYLOAD'].join('\n')
  const toSign = ['AWS4-HMAC-SHA256', time, scope, createHash('sha256').update(request).digest('hex')]
  const signing = [date, region, 's3', 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${secretKey}`)
  const signature = hmac(signing, toSign.join('\n')).toString('hex')
  return `${url}?${query}&X-Amz-Signature=${signature}`
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
