import { setTimeout as delay } from 'node:timers/promises'
import { copyContent, gather, type Info } from '@dist/content'
import { openS3Store, parseS3Url, type S3Store, type S3StoreOptions } from '@dist/content-s3'
import { digestOf } from '@dist/oci'
import {
  type S3Request,
  type ScriptedS3,
  s3Credentials,
  startScriptedS3,
  waitFor,
} from '@dist/testkit/servers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { inParts, partSize, pieces, sample } from '../support/faulty-store.js'

/** Stands for the default time-out of 30 s. */
const timeout = 400

let server: ScriptedS3
let store: S3Store

beforeEach(async () => {
  server = await startScriptedS3()
  store = await open({})
})
afterEach(async () => {
  await store.close()
  await server.stop()
})

function open(options: S3StoreOptions): Promise<S3Store> {
  const connection = { credentials: s3Credentials }
  return openS3Store(parseS3Url(server.url('store')), {
    smallSize: partSize,
    partSize,
    timeout,
    attempts: 4,
    connection,
    ...options,
  })
}

async function write(seed: string, signal?: AbortSignal, into = store): Promise<Info> {
  const { content, digest, size } = sample(seed, inParts)
  await using writer = await into.content.writer(digest, { digest, size }, signal ? { signal } : {})
  const body = async function* () {
    yield* pieces(content)
  }
  return await copyContent(writer, body())
}

async function expectWhole({ digest, size }: Info): Promise<void> {
  expect(digestOf(await gather(await store.content.open({ digest }), size, digest))).toBe(digest)
}

const isComplete = ({ method, query }: S3Request) => method === 'POST' && query.has('uploadId')
const completes = () => server.requests().filter(isComplete)
const aborts = () =>
  server.requests().filter(({ method, query }) => method === 'DELETE' && query.has('uploadId'))

const failing = (times: number, is: (request: S3Request) => boolean, status: number, error: string) => {
  let left = times
  server.quirks.fault = (request) => (is(request) && left-- > 0 ? [status, error] : undefined)
}

/** A promise that `open` resolves. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open: () => open() }
}

describe('S21 completing an upload', () => {
  it('may take longer than any other answer', async () => {
    server.quirks.completing = () => delay(5 * timeout)
    await expectWhole(await write('slow'))
    expect([completes().length, aborts().length]).toEqual([1, 0])
  })

  it('may be answered with 200 and blanks for a long time, in front of the document', async () => {
    server.quirks.completing = async (response) => {
      response.writeHead(200, { 'content-type': 'application/xml' })
      for (let sent = 0; sent < 10; sent++) {
        response.write(' \n')
        await delay(timeout / 2)
      }
    }
    await expectWhole(await write('blanks'))
    expect([completes().length, aborts().length]).toEqual([1, 0])
  })

  it('that failed after 200 and blanks is tried again', async () => {
    let failed = false
    server.quirks.completing = (response) => {
      if (failed) return
      failed = true
      response.writeHead(200, { 'content-type': 'application/xml' })
      response.end(' \n <Error><Code>InternalError</Code><Message>no</Message></Error>')
      throw new Error('answered')
    }
    await expectWhole(await write('an error behind blanks'))
    expect([completes().length, aborts().length]).toEqual([2, 0])
  })

  it.each([
    ['the connection breaks', true],
    ['the answer ends', false],
  ])('looks for the object when %s after blanks', async (_, breaks) => {
    server.quirks.completed = async (response) => {
      response.writeHead(200, { 'content-type': 'application/xml', connection: 'close' })
      response.write('  \n')
      if (breaks) response.destroy()
      else response.end()
    }
    await expectWhole(await write('blanks, then nothing'))
    expect([completes().length, aborts().length]).toEqual([1, 0])
  })

  it('whose answer is lost, and which takes longer, is found and not aborted', async () => {
    server.quirks.completing = async (response) => {
      response.destroy()
      await delay(timeout / 4)
    }
    await expectWhole(await write('lost'))
    expect([completes().length, aborts().length]).toEqual([1, 0])
  })

  it('whose answer never comes is found by its object', async () => {
    server.quirks.completed = () => new Promise(() => {})
    await expectWhole(await write('never told'))
    expect([completes().length, aborts().length]).toEqual([1, 0])
  })

  it('that a proxy has answered is repeated when the object does not appear', async () => {
    failing(1, isComplete, 504, 'GatewayTimeout')
    await expectWhole(await write('a proxy'))
    expect([completes().length, aborts().length]).toEqual([2, 0])
  })

  it('that may still be in progress is not aborted', async () => {
    const impatient = await open({ completeTimeout: 3 * timeout })
    const going = gate()
    server.quirks.completing = () => going.opened
    await expect(write('going on', undefined, impatient)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      retryable: true,
    })
    expect(aborts()).toEqual([])
    going.open()
    const { digest, size } = sample('going on', inParts)
    await waitFor(() => server.objects.size === 2, 'the object')
    await expectWhole({ digest, size, committedAt: new Date() })
    await impatient.close()
  })

  it('is not waited for when its writer is aborted', async () => {
    const going = gate()
    server.quirks.completing = () => going.opened
    const controller = new AbortController()
    const writing = write('canceled', controller.signal)
    await waitFor(() => completes().length > 0, 'completing')
    controller.abort()
    await expect(writing).rejects.toMatchObject({ code: 'CANCELED' })
    going.open()
    await waitFor(() => server.objects.size === 2, 'the object')
    expect(aborts()).toEqual([])
  })

  it('that was refused is aborted', async () => {
    failing(9, isComplete, 403, 'AccessDenied')
    await expect(write('refused')).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
    // The server may be slower than the time-out of this store.
    await waitFor(() => server.uploads.size === 0, 'the end of the upload')
    expect([completes().length, aborts().length]).toEqual([1, 1])
  })
})

describe('S23 a part of an upload that the server has lost', () => {
  it('is sent once, and the error of the write is retryable', async () => {
    failing(9, ({ query }) => query.has('partNumber'), 404, 'NoSuchUpload')
    await expect(write('no such upload')).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      retryable: true,
      lost: true,
    })
    const parts = server.requests().filter(({ query }) => query.has('partNumber'))
    expect(new Set(parts.map(({ query }) => query.get('partNumber'))).size).toBe(parts.length)
  })
})
