import { copyContent, gather, type Info } from '@dist/content'
import { openS3Store, parseS3Url, type S3Store, type S3StoreOptions } from '@dist/content-s3'
import { type Digest, digestOf } from '@dist/oci'
import { seededBuffer } from '@dist/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Gateway, startGateway } from '../../infra/servers/ceph-gateway.js'
import {
  type Fault,
  type FaultProxy,
  type ProxiedRequest,
  startFaultProxy,
} from '../../infra/servers/ceph-proxy.js'
import { waitFor } from '../../infra/servers/process.js'

// Read by the SDK when a client is made.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'

const mebibyte = 1024 * 1024
const partSize = 5 * mebibyte

let gateway: Gateway
let proxy: FaultProxy
/** Through the proxy. */
let store: S3Store
/** Past the proxy: what is really there. */
let direct: S3Store
let stores = 0

const connection = () => ({
  credentials: { accessKeyId: gateway.accessKey, secretAccessKey: gateway.secretKey },
})

beforeAll(async () => {
  gateway = await startGateway()
})
afterAll(() => gateway?.stop())

beforeEach(async () => {
  proxy = await startFaultProxy(gateway.endpoint)
  direct = await openS3Store(parseS3Url(gateway.url(`store-${++stores}`)), { connection: connection() })
  store = await through({})
})
afterEach(async () => {
  proxy.fault = () => undefined
  await store.close()
  await direct.close()
  await proxy.stop()
})

function through(options: S3StoreOptions): Promise<S3Store> {
  const location = parseS3Url(gateway.url(`store-${stores}`, proxy.endpoint))
  return openS3Store(location, { connection: connection(), partSize, attempts: 4, ...options })
}

function sample(seed: string, size: number) {
  const content = new Uint8Array(seededBuffer(seed, size))
  return { content, digest: digestOf(content), size }
}

function* pieces(content: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < content.byteLength; at += mebibyte) yield content.slice(at, at + mebibyte)
}

type Kind = 'put' | 'head' | 'get' | 'create' | 'part' | 'complete' | 'abort'

/** What a request to a blob is. */
function kindOf({ method, path }: ProxiedRequest): Kind | undefined {
  if (!path.includes('/blobs/')) return undefined
  const query = new URL(path, 'http://s3').searchParams
  if (method === 'POST') return query.has('uploads') ? 'create' : 'complete'
  if (method === 'PUT') return query.has('partNumber') ? 'part' : 'put'
  if (method === 'DELETE') return query.has('uploadId') ? 'abort' : undefined
  return method === 'HEAD' ? 'head' : 'get'
}

/** Plays the faults one after the other, each to one request of the kind; then all goes well. */
function faults(kind: Kind, ...list: Fault[]): void {
  proxy.fault = (request) => (kindOf(request) === kind ? list.shift() : undefined)
}

function count(kind: Kind): number {
  return proxy.requests().filter((request) => kindOf(request) === kind).length
}

async function write(size: number, seed: string, into = store): Promise<Info> {
  const blob = sample(seed, size)
  await using writer = await into.content.writer(blob.digest, { digest: blob.digest, size })
  return await copyContent(writer, each(pieces(blob.content)))
}

async function* each(chunks: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* chunks
}

async function expectWhole({ digest, size }: Info): Promise<void> {
  expect(digestOf(await gather(await direct.content.open({ digest }), size, digest))).toBe(digest)
}

async function expectNothing(digest: Digest): Promise<void> {
  await expect(direct.content.info(digest)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  for await (const { ref } of direct.content.statuses()) expect(ref).toBeUndefined()
}

async function isAt(bytes: number): Promise<boolean> {
  for await (const { offset } of direct.content.statuses()) if (offset === bytes) return true
  return false
}

const answer = (status: number, error?: string): Fault => ({
  answer: { status, ...(error === undefined ? {} : { error }) },
})
const slowDown = answer(503, 'SlowDown')
const documentOfError = '<?xml version="1.0"?><Error><Code>InternalError</Code></Error>'

describe('S9 a busy server', () => {
  it.each<Kind>(['head', 'create', 'part', 'complete'])('is asked again: SlowDown to %s', async (kind) => {
    faults(kind, slowDown, answer(503, 'ServiceUnavailable'), slowDown)
    await expectWhole(await write(12 * mebibyte, `slow ${kind}`))
  })

  it('is asked again while small content is put, and while content is read', async () => {
    faults('put', slowDown, answer(500, 'InternalError'))
    const info = await write(1000, 'slow put')
    faults('get', slowDown, slowDown)
    await gather(await store.content.open(info), 1000, info.digest)
    await expectWhole(info)
  })

  it('that stays busy is UNAVAILABLE, worth a retry, and leaves no upload', async () => {
    proxy.fault = (request) => (kindOf(request) === 'part' ? slowDown : undefined)
    const writing = write(12 * mebibyte, 'always slow')
    await expect(writing).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
    await expectNothing(sample('always slow', 12 * mebibyte).digest)
    proxy.fault = () => undefined
    await expectWhole(await write(12 * mebibyte, 'always slow'))
  })

  it('that never answers is UNAVAILABLE within the time-out', async () => {
    const impatient = await through({ timeout: 200, attempts: 2 })
    proxy.fault = (request) => (kindOf(request) === 'head' ? { hang: true } : undefined)
    await expect(impatient.content.info(digestOf('x'))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      retryable: true,
    })
    await impatient.close()
  })

  it('whose connections break is asked again', async () => {
    faults('part', { afterwards: 'broken' }, { afterwards: 'broken' })
    await expectWhole(await write(12 * mebibyte, 'broken'))
  })
})

describe('S10 completing', () => {
  it('is tried again when 200 comes with an error', async () => {
    faults('complete', { answer: { status: 200, body: documentOfError } })
    await expectWhole(await write(12 * mebibyte, 'error in 200'))
    expect(count('complete')).toBe(2)
  })

  it('is tried again when 200 comes with nothing', async () => {
    faults('complete', { answer: { status: 200, body: '' } })
    await expectWhole(await write(12 * mebibyte, 'nothing in 200'))
  })

  it('succeeded where the object is there, although the answer was lost', async () => {
    faults('complete', { afterwards: 'broken' })
    await expectWhole(await write(12 * mebibyte, 'lost answer'))
    expect(count('complete')).toBe(1)
  })

  it('succeeded where the object is there, although the upload is said to be unknown', async () => {
    faults('complete', { afterwards: { status: 404, error: 'NoSuchUpload' } })
    await expectWhole(await write(12 * mebibyte, 'unknown upload'))
  })

  it('is not done where somebody else was first: the own upload goes', async () => {
    const size = 12 * mebibyte
    const blob = sample('overtaken', size)
    await using writer = await store.content.writer('overtaken', blob)
    for (const chunk of pieces(blob.content)) await writer.write(chunk)
    await write(size, 'overtaken', direct)
    await expectWhole(await writer.commit())
    expect([count('complete'), count('abort')]).toEqual([0, 1])
  })
})

describe('S11 an upload that cannot be completed', () => {
  it.each([
    ['NoSuchUpload', 404],
    ['InvalidPart', 400],
    ['InvalidPartOrder', 400],
    ['EntityTooSmall', 400],
  ])('by %s is worth writing again, and leaves nothing', async (error, status) => {
    const seed = `lost by ${error}`
    faults('complete', answer(status, error))
    await expect(write(12 * mebibyte, seed)).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
    expect(count('complete')).toBe(1)
    await expectNothing(sample(seed, 12 * mebibyte).digest)
    await expectWhole(await write(12 * mebibyte, seed))
  })

  it('because somebody aborted it is worth writing again', async () => {
    const blob = sample('aborted by others', 12 * mebibyte)
    await using writer = await store.content.writer('aborted', blob)
    for (const chunk of pieces(blob.content)) await writer.write(chunk)
    await waitFor(() => isAt(2 * partSize), 'two parts on the server')
    await waitFor(async () => (await direct.sweep(0)).length > 0, 'an upload that is old enough')
    await expect(writer.commit()).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
    await expectNothing(blob.digest)
    await expectWhole(await write(blob.size, 'aborted by others'))
  })

  it('because a part is refused fails once and for all', async () => {
    proxy.fault = (request) => (kindOf(request) === 'part' ? answer(403, 'AccessDenied') : undefined)
    await expect(write(12 * mebibyte, 'denied')).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      retryable: false,
    })
    await expectNothing(sample('denied', 12 * mebibyte).digest)
  })
})

it('S12 no request has checksums of the SDK, neither as headers nor as trailers', async () => {
  await write(12 * mebibyte, 'no checksums')
  await write(100, 'none here')
  const names = new Set(proxy.requests().flatMap(({ headers }) => Object.keys(headers)))
  expect([...names].filter((name) => /checksum|trailer|expect|decoded/.test(name))).toEqual([])
})

describe('S13 a conditional put', () => {
  const conditional = () =>
    proxy
      .requests()
      .filter((request) => kindOf(request) === 'put' && request.headers['if-none-match'] === '*')

  it('that finds the content there is a success', async () => {
    const blob = sample('there', 1000)
    await using writer = await store.content.writer('there', blob)
    await writer.write(blob.content)
    await write(1000, 'there', direct)
    await expectWhole(await writer.commit())
    expect([conditional().length, count('put')]).toEqual([1, 1])
  })

  it('whose answer was lost is a success: the second one finds the first', async () => {
    faults('put', { afterwards: 'broken' })
    await expectWhole(await write(1000, 'lost put'))
    expect(conditional()).toHaveLength(2)
  })

  it('that conflicts with another is tried again', async () => {
    faults('put', answer(409, 'ConditionalRequestConflict'), answer(409, 'ConditionalRequestConflict'))
    await expectWhole(await write(1000, 'conflict'))
    expect(conditional()).toHaveLength(3)
  })

  it('is left away where the server does not know it, then and later', async () => {
    faults('put', answer(501, 'NotImplemented'))
    await expectWhole(await write(1000, 'unknown condition'))
    await expectWhole(await write(1000, 'unknown condition later'))
    expect([conditional().length, count('put')]).toEqual([1, 3])
  })

  it('that is said to be there, and is not, is put without condition', async () => {
    faults('put', answer(412, 'PreconditionFailed'))
    await expectWhole(await write(1000, 'not there'))
  })

  it('signs small content with its own digest, so that the server checks it', async () => {
    const { digest } = await write(1000, 'signed')
    expect(conditional()[0]?.headers['x-amz-content-sha256']).toBe(digest.slice('sha256:'.length))
  })
})

describe('a body that breaks off', () => {
  const size = 3 * mebibyte

  it('goes on by Range where it stopped', async () => {
    const { digest } = await write(size, 'broken body')
    faults('get', { cutAfter: mebibyte }, { cutAfter: 1000 })
    const content = await gather(await store.content.open({ digest }), size, digest)
    expect(digestOf(content)).toBe(digest)
    const ranges = proxy.requests().filter((request) => kindOf(request) === 'get')
    expect(ranges.map(({ headers }) => headers.range)).toEqual([
      undefined,
      `bytes=${mebibyte}-`,
      `bytes=${mebibyte + 1000}-`,
    ])
  })

  it('fails when it gets no further, and never ends early', async () => {
    const { digest } = await write(size, 'hopeless body')
    let first = true
    proxy.fault = (request) => {
      if (kindOf(request) !== 'get') return undefined
      const fault: Fault = { cutAfter: first ? mebibyte : 0 }
      first = false
      return fault
    }
    let came = 0
    const reading = async () => {
      for await (const chunk of await store.content.open({ digest })) came += chunk.byteLength
    }
    await expect(reading()).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
    expect(came).toBe(mebibyte)
  })

  it('is not gone on with by a server that does not know Range', async () => {
    const { digest } = await write(size, 'no ranges')
    const whole: Fault = { answer: { status: 200, body: 'something else' } }
    faults('get', { cutAfter: mebibyte }, whole)
    const reading = store.content.open({ digest }).then((body) => gather(body, size, digest))
    await expect(reading).rejects.toMatchObject({ code: 'MALFORMED' })
  })

  it('ends with the signal of its reader', async () => {
    const { digest } = await write(size, 'canceled body')
    const controller = new AbortController()
    const reading = async () => {
      for await (const _ of await store.content.open({ digest }, { signal: controller.signal }))
        controller.abort()
    }
    await expect(reading()).rejects.toMatchObject({ code: 'CANCELED' })
  })
})
