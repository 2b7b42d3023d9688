import { createHash, createHmac } from 'node:crypto'

interface Account {
  readonly endpoint: string
  readonly region: string
  readonly accessKey: string
  readonly secretKey: string
}

/** Makes a bucket with one signed request (AWS Signature Version 4), so that no SDK is needed to start a server. */
export async function makeBucket(account: Account, bucket: string): Promise<void> {
  const url = new URL(`/${bucket}`, account.endpoint)
  const headers = signed(account, url, new Date())
  const answer = await fetch(url, { method: 'PUT', headers, signal: AbortSignal.timeout(20_000) })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`bucket ${bucket} was not made: ${answer.status} ${text}`)
}

function signed(account: Account, url: URL, now: Date): Record<string, string> {
  const time = now.toISOString().replace(/[-:]|\.\d+/g, '')
  const scope = `${time.slice(0, 8)}/${account.region}/s3/aws4_request`
  const payload = sha256('')
  const names = 'host;x-amz-content-sha256;x-amz-date'
  const headers = `host:${url.host}\nx-amz-content-sha256:${payload}\nx-amz-date:${time}\n`
  const canonical = ['PUT', url.pathname, '', headers, names, payload].join('\n')
  const parts = [`AWS4${account.secretKey}`, time.slice(0, 8), account.region, 's3', 'aws4_request']
  const key = parts.slice(1).reduce<Buffer | string>((secret, part) => hmac(secret, part), parts[0] ?? '')
  const signature = hmac(key, ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n')).toString('hex')
  const credential = `${account.accessKey}/${scope}`
  return {
    'x-amz-date': time,
    'x-amz-content-sha256': payload,
    authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`,
  }
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
