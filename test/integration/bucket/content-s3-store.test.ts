import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3'
import { openS3Store, parseS3Url, type S3Location } from '@dist/content-s3'
import { digestOf, mediaTypes } from '@dist/oci'
import { bucketOfGateway, type FaultProxy, startFaultProxy, waitFor } from '@dist/testkit/servers'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createS3Client } from '../../../packages/content-s3/src/client.js'
import { sharedGateway } from '../support/servers.js'

// Read by the SDK when a client is made.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'

const gateway = await sharedGateway()
const client = createS3Client({ ...parseS3Url(gateway.url('')), credentials: gateway.credentials })
afterAll(() => client.destroy())
let prefix: string
beforeEach(() => {
  prefix = randomUUID()
})

function connection(more: { accessKeyId?: string; secretAccessKey?: string } = {}) {
  return { credentials: { ...gateway.credentials, ...more } }
}

const here = (): S3Location => parseS3Url(gateway.url(prefix))

async function put(key: string, content: string): Promise<void> {
  await client.send(new PutObjectCommand({ Bucket: gateway.bucket, Key: `${prefix}/${key}`, Body: content }))
}

async function keys(): Promise<string[]> {
  const all = await client.send(new ListObjectsV2Command({ Bucket: gateway.bucket, Prefix: `${prefix}/` }))
  return (all.Contents ?? []).map(({ Key = '' }) => Key.slice(prefix.length + 1))
}

describe('a store in a bucket', () => {
  it('has one id, also when eight create it at once', async () => {
    const stores = await Promise.all(Array.from({ length: 8 }, () => openS3Store(here(), { client })))
    const ids = new Set(stores.map(({ id }) => id))
    expect(ids.size).toBe(1)
    expect([...ids]).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/)])
    expect((await openS3Store(here(), { client, create: false })).id).toBe([...ids][0])
  })

  it('that is not to be created is read as an empty one, and nothing is written', async () => {
    const store = await openS3Store(here(), { client, create: false })
    expect(store.id).toBeUndefined()
    for await (const info of store.content.walk()) expect(info).toBeUndefined()
    for await (const image of store.names.list()) expect(image).toBeUndefined()
    expect((await openS3Store(here(), { client, create: false })).id).toBeUndefined()
  })

  it('says where content is', async () => {
    const store = await openS3Store(here(), { client })
    const digest = digestOf('x')
    expect(store.url).toBe(`s3://${gateway.bucket}/${prefix}`)
    expect(store.urlOf(digest)).toBe(`${store.url}/blobs/sha256/${digest.slice(7)}`)
  })

  it('may take the whole bucket', async () => {
    await bucketOfGateway(gateway.endpoint, 'whole-bucket')
    const store = await openS3Store({ ...here(), bucket: 'whole-bucket', prefix: '' }, { client })
    expect(store.url).toBe('s3://whole-bucket')
    await using writer = await store.content.writer('ref', {})
    await writer.write(Buffer.from('content'))
    const { digest } = await writer.commit()
    expect(store.urlOf(digest)).toBe(`s3://whole-bucket/blobs/sha256/${digest.slice(7)}`)
    expect(await store.content.info(digest)).toMatchObject({ size: 7 })
  })

  it('passes over objects that are none of its content', async () => {
    const store = await openS3Store(here(), { client })
    await put('blobs/sha256/README', 'hello')
    await put(`blobs/sha256/${'A'.repeat(64)}`, 'hello')
    await put('blobs/md5/abc', 'hello')
    for await (const info of store.content.walk()) expect(info).toBeUndefined()
  })

  it('refuses a prefix whose dist.json is something else', async () => {
    await put('dist.json', '{"name":"some package"}')
    await expect(openS3Store(here(), { client })).rejects.toMatchObject({ code: 'MALFORMED' })
  })

  it('walks and lists more than a page of the server has', async () => {
    const store = await openS3Store(here(), { client })
    const total = 1003
    const desc = { mediaType: mediaTypes.ociManifest, digest: digestOf('x'), size: 1 }
    const wanted = Array.from({ length: total }, (_, i) => `example.com/a/b:${i}`)
    for (let at = 0; at < total; at += 50) {
      const batch = wanted.slice(at, at + 50)
      await Promise.all(batch.map((name) => store.names.put({ name, desc, selection: 'all' })))
    }
    const listed: string[] = []
    for await (const { name } of store.names.list()) listed.push(name)
    expect(listed.sort()).toEqual(wanted.sort())
  })
})

describe('names in a bucket', () => {
  const desc = { mediaType: mediaTypes.ociManifest, digest: digestOf('x'), size: 1 }

  it('never share an object, however alike or long they are', async () => {
    const store = await openS3Store(here(), { client })
    const long = `example.com/${'a/'.repeat(120)}b`
    const names = ['a/b:c', 'a!2fb:c', 'A/b:c', 'a', 'a/b', '.', '..', 'ä', `${long}:1`, `${long}:2`]
    for (const name of names) await store.names.put({ name, desc, selection: [name] })
    for (const name of names) expect((await store.names.get(name)).selection).toEqual([name])
  })

  it.each([
    ['is no JSON', 'hello'],
    ['is no object', '[]'],
    ['lacks a descriptor', '{"name":"a/b:c","selection":"all"}'],
    ['has no selection', JSON.stringify({ name: 'a/b:c', descriptor: desc })],
    ['is of another name', JSON.stringify({ name: 'a/b:d', descriptor: desc, selection: 'all' })],
  ])('whose document %s are MALFORMED', async (_, document) => {
    const store = await openS3Store(here(), { client })
    await put('names/a!2fb!3ac', document)
    await expect(store.names.get('a/b:c')).rejects.toMatchObject({ code: 'MALFORMED' })
  })
})

describe.each(['fast', 'sdk'] as const)('what is wrong with a bucket (requests: %s)', (requests) => {
  const options = { attempts: 2, timeout: 5_000, requests }
  const opening = (location: S3Location, more = {}) =>
    openS3Store(location, { ...options, connection: connection(more) })

  it.each([
    ['an unknown access key', { accessKeyId: 'somebody' }, /access key is unknown.*AWS_ACCESS_KEY_ID/],
    ['a wrong secret key', { secretAccessKey: 'wrong' }, /secret key does not fit/],
  ])('%s: UNAUTHENTICATED', async (_, wrong, message) => {
    const opened = opening(here(), wrong)
    await expect(opened).rejects.toMatchObject({ code: 'UNAUTHENTICATED', retryable: false })
    await expect(opened).rejects.toThrow(message)
  })

  it('a bucket that is not there: NOT_FOUND', async () => {
    const opened = opening({ ...here(), bucket: 'no-such-bucket' })
    await expect(opened).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(opened).rejects.toThrow(/s3:\/\/no-such-bucket.*no such bucket/)
  })

  it('no server at the endpoint: UNAVAILABLE', async () => {
    const opened = opening({ ...here(), endpoint: 'http://127.0.0.1:1' })
    await expect(opened).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
    await expect(opened).rejects.toThrow('ECONNREFUSED')
  })

  it('neither signature nor keys are in the error or its causes', async () => {
    const error = await opening(here(), { secretAccessKey: 'wrong' }).catch((cause: unknown) => cause)
    const { inspect } = await import('node:util')
    expect(inspect(error, { depth: 20, showHidden: true })).not.toMatch(/Signature=|AWS4-HMAC|testaccesskey/)
  })
})

describe.each(['fast', 'sdk'] as const)('a probe (requests: %s)', (requests) => {
  let proxy: FaultProxy
  beforeEach(async () => {
    proxy = await startFaultProxy(gateway.endpoint)
  })
  afterEach(() => proxy.stop())

  const probed = async (name: string, method: string, status: number) => {
    const location = { ...here(), endpoint: proxy.endpoint }
    await using store = await openS3Store(location, { attempts: 2, requests, connection: connection() })
    proxy.fault = (request) =>
      request.path.includes('/probes/') && request.method === method
        ? { answer: { status, error: name } }
        : undefined
    await store.probe()
  }

  it('leaves nothing behind where all is well', async () => {
    const store = await openS3Store(here(), { client, requests })
    await store.probe()
    expect(await keys()).toEqual(['dist.json'])
  })

  it('that a crash left is swept once it is old', async () => {
    const store = await openS3Store(here(), { client, requests })
    await put('probes/left', 'probe')
    await store.sweep(60_000)
    expect(await keys()).toEqual(['dist.json', 'probes/left'])
    const isSwept = async () => {
      await store.sweep(0)
      return (await keys()).length === 1
    }
    await waitFor(isSwept, 'the end of the probe')
  })

  it.each([
    ['AccessDenied', 'PUT', 403, 'PERMISSION_DENIED', 's3:PutObject'],
    ['AccessDenied', 'GET', 403, 'PERMISSION_DENIED', 's3:GetObject'],
    ['RequestTimeTooSkewed', 'PUT', 403, 'UNAUTHENTICATED', 'clocks'],
    ['ExpiredToken', 'PUT', 400, 'UNAUTHENTICATED', 'session token'],
    ['AuthorizationHeaderMalformed', 'PUT', 400, 'INVALID_ARGUMENT', 'region='],
    ['PermanentRedirect', 'PUT', 301, 'INVALID_ARGUMENT', 'endpoint='],
    ['QuotaExceeded', 'PUT', 403, 'RESOURCE_EXHAUSTED', 'quota'],
    ['SlowDown', 'PUT', 503, 'UNAVAILABLE', 'busy'],
    ['NoSuchKey', 'GET', 404, 'INTERNAL', 'path-style'],
  ])('names %s to %s', async (name, method, status, code, message) => {
    const probing = probed(name, method, status)
    await expect(probing).rejects.toMatchObject({ code })
    await expect(probing).rejects.toThrow(message)
  })

  it('finds a server that is none of S3', async () => {
    const server = createServer((_, response) => response.end('welcome'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const endpoint = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
    const opened = openS3Store({ ...here(), endpoint }, { attempts: 2, requests, connection: connection() })
    await expect(opened).rejects.toMatchObject({ code: 'MALFORMED' })
    server.close()
    server.closeAllConnections()
  })
})
