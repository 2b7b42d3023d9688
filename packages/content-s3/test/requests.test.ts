import { once } from 'node:events'
import { createServer, Agent as HttpAgent, type IncomingMessage, type ServerResponse } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { AddressInfo, LookupFunction } from 'node:net'
import { gather } from '@dist/content'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Bucket } from '../src/bucket/bucket.js'
import { listObjects } from '../src/bucket/list.js'
import { headObject } from '../src/bucket/objects.js'
import { putNew, putObject } from '../src/bucket/put.js'
import { readRange } from '../src/bucket/read.js'
import { createS3Client, type S3ClientSettings } from '../src/client.js'

// The SDK reads it when a client is created.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'

const kinds = ['fast', 'sdk'] as const
const credentials = { accessKeyId: 'key', secretAccessKey: 'secret', sessionToken: 'token' }

type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** A server that records its requests. Each name is its address. */
async function serve(answer: Answer = answerWell) {
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    request.resume().on('end', () => answer(request, response))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return { requests, port: (server.address() as AddressInfo).port }
}

const answerWell: Answer = ({ method, url = '' }, response) => {
  if (url.includes('list-type')) return void response.end('<ListBucketResult></ListBucketResult>')
  response.end(method === 'GET' ? 'abc' : undefined)
}

const lookup: LookupFunction = (_, options, callback) =>
  options.all ? callback(null, [{ address: '127.0.0.1', family: 4 }]) : callback(null, '127.0.0.1', 4)

function bucketAt(
  requests: 'fast' | 'sdk',
  port: number,
  more: Partial<S3ClientSettings> & { bucket?: string } = {},
) {
  const { bucket = 'images', ...settings } = more
  const endpoint = `http://s3.test:${port}`
  const agents = (options: object) => ({
    http: new HttpAgent({ ...options, lookup }),
    https: new HttpsAgent(options),
  })
  const client = createS3Client({ endpoint, credentials, pathStyle: true, agents, ...settings })
  onTestFinished(() => client.destroy())
  return new Bucket({ client, requests, bucket, prefix: 'a/b', attempts: 2, timeout: 5_000 })
}

async function useAll(bucket: Bucket): Promise<void> {
  const key = bucket.key(`names/docker.io!2f'(1)*~ ü+&=?%`)
  await putObject(bucket, key, Buffer.from('abc'), { contentType: 'application/json' })
  await putNew(bucket, key, Buffer.from(''))
  await headObject(bucket, key).catch(() => {})
  await gather(await readRange(bucket, key), 10, key)
  await readRange(bucket, key, { offset: 1 }).catch(() => {})
  for await (const object of listObjects(bucket, 'names/')) expect(object).toBeUndefined()
}

/** What a server sees of a request, without the signature and what differs in time. */
function seen({ method, url, headers }: IncomingMessage) {
  const { authorization = '' } = headers
  const names = [
    'host',
    'content-type',
    'content-length',
    'range',
    'if-none-match',
    'transfer-encoding',
    'expect',
  ]
  const kept = names
    .concat('x-amz-content-sha256', 'x-amz-security-token')
    .map((name) => [name, headers[name]])
  const query = new URL(url ?? '', 'http://s3').searchParams
  query.delete('x-id')
  return {
    method,
    path: url?.split('?')[0],
    query: [...query].sort(),
    headers: Object.fromEntries(kept),
    scope: /Credential=[^,]*/.exec(authorization)?.[0],
  }
}

async function requestsOf(kind: 'fast' | 'sdk', more: Parameters<typeof bucketAt>[2]) {
  const { requests, port } = await serve()
  await useAll(bucketAt(kind, port, more))
  return requests.map((request) => JSON.parse(JSON.stringify(seen(request)).replaceAll(String(port), 'PORT')))
}

it.each([
  ['the bucket in the path', {}],
  ['the bucket in the host name', { pathStyle: false }],
  ['another region', { region: 'eu-1' }],
])('fast requests are those of the SDK, with %s', async (_, more) => {
  const fast = await requestsOf('fast', more)
  expect(fast).toHaveLength(6)
  expect(fast).toEqual(await requestsOf('sdk', more))
})

it.each([
  ['fast', undefined],
  ['sdk', 'attempt=1; max=1'],
] as const)('a request (%s) has the header of the SDK’s retries: %s', async (kind, header) => {
  const { requests, port } = await serve()
  await putObject(bucketAt(kind, port), 'key', Buffer.from('abc'))
  expect(requests[0]?.headers['amz-sdk-request']).toBe(header)
})

describe.each(kinds)('a request (%s)', (kind) => {
  it('after a clock that is wrong is sent once more with the time of the server', async () => {
    const hour = 3_600_000
    const late: Answer = (request, response) => {
      const now = Date.now() + hour
      const date = String(request.headers['x-amz-date']).replace(/(....)(..)(..T..)(..)/, '$1-$2-$3:$4:')
      response.setHeader('date', new Date(now).toUTCString())
      if (Math.abs(Date.parse(date) - now) < 60_000) return answerWell(request, response)
      response.writeHead(403).end('<Error><Code>RequestTimeTooSkewed</Code></Error>')
    }
    const { requests, port } = await serve(late)
    const bucket = bucketAt(kind, port)
    await putObject(bucket, 'key', Buffer.from('abc'))
    expect(requests).toHaveLength(2)
    expect(Math.abs(bucket.now() - Date.now() - hour)).toBeLessThan(60_000)
    await putObject(bucket, 'key', Buffer.from('abc'))
    expect(requests).toHaveLength(3)
  })

  it('has the credentials that are valid when it is sent', async () => {
    let issued = 0
    const renewed = async () => ({
      ...credentials,
      accessKeyId: `key-${++issued}`,
      expiration: new Date(Date.now() + 1_000),
    })
    const { requests, port } = await serve()
    const bucket = bucketAt(kind, port, { credentials: renewed as never })
    for (let i = 0; i < 3; i++) await putObject(bucket, 'key', Buffer.from('abc'))
    const keys = requests.map(({ headers }) => /key-\d/.exec(headers.authorization ?? '')?.[0])
    expect(new Set(keys).size).toBe(3)
  })

  it('without credentials is UNAUTHENTICATED', async () => {
    const none = async () => {
      throw Object.assign(new Error('none'), { name: 'CredentialsProviderError' })
    }
    const { requests, port } = await serve()
    const sent = putObject(bucketAt(kind, port, { credentials: none as never }), 'key', Buffer.from('abc'))
    await expect(sent).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    expect(requests).toEqual([])
  })

  it('whose answer is not a document is tried again', async () => {
    const { requests, port } = await serve((_, response) => response.end('<Lis'))
    const listed = listObjects(bucketAt(kind, port), 'names/')[Symbol.asyncIterator]().next()
    await expect(listed).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(requests).toHaveLength(2)
  })

  it('to a directory bucket opens a session, which its signature needs', async () => {
    const { requests, port } = await serve((_, response) => response.writeHead(403).end())
    const bucket = bucketAt(kind, port, { bucket: 'images--use1-az4--x-s3', pathStyle: false })
    await putObject(bucket, 'key', Buffer.from('abc')).catch(() => {})
    expect(requests[0]?.url).toMatch(/^\/\?session/)
  })
})
