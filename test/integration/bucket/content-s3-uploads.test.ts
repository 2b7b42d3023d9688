import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import { copyContent, gather, type Info } from '@dist/content'
import { openS3Store, parseS3Url } from '@dist/content-s3'
import { type Digest, Digester } from '@dist/oci'
import { seededBytes } from '@dist/testkit'
import { afterAll, describe, expect, it } from 'vitest'
import { createS3Client } from '../../../packages/content-s3/src/client.js'
import { sharedGateway } from '../support/servers.js'

// Read by the SDK when a client is made.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'

const mebibyte = 1024 * 1024
const partSize = 5 * mebibyte

const gateway = await sharedGateway()
const location = parseS3Url(gateway.url('store'))
const client = createS3Client({ ...location, credentials: gateway.credentials })
const store = await openS3Store(location, { client, partSize })
afterAll(async () => {
  await store.close()
  client.destroy()
})

interface Blob {
  readonly seed: string
  readonly digest: Digest
  readonly size: number
}

function blobOf(seed: string, size: number): Blob {
  const digester = new Digester()
  for (const chunk of seededBytes(seed, size)) digester.update(chunk)
  return { seed, size, digest: digester.digest() }
}

async function* bytesOf({ seed, size }: Blob): AsyncGenerator<Uint8Array> {
  yield* seededBytes(seed, size)
}

async function write(blob: Blob, ref: string = blob.digest): Promise<Info> {
  await using writer = await store.content.writer(ref, blob)
  return await copyContent(writer, bytesOf(blob))
}

async function expectWhole({ digest, size }: Blob): Promise<void> {
  const digester = new Digester()
  for await (const chunk of await store.content.open({ digest })) digester.update(chunk)
  expect([digester.size, digester.digest()]).toEqual([size, digest])
}

async function openUploads(): Promise<string[]> {
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: gateway.bucket }))
  return Uploads.map(({ Key = '' }) => Key)
}

describe('large content', () => {
  it.each([
    ['40 MiB', 40 * mebibyte],
    ['an exact multiple of the part size', 4 * partSize],
    ['one byte more', 4 * partSize + 1],
    ['one byte above what is put whole', 8 * mebibyte + 1],
  ])('S11 of %s goes up in parts and comes back whole', async (name, size) => {
    const blob = blobOf(name, size)
    expect(await write(blob)).toMatchObject({ digest: blob.digest, size })
    await expectWhole(blob)
    expect(await openUploads()).toEqual([])
  })

  it('of unknown size is uploaded in parts', async () => {
    const blob = blobOf('unknown size', 23 * mebibyte)
    await using writer = await store.content.writer('unknown', { digest: blob.digest })
    await copyContent(writer, bytesOf(blob))
    await expectWhole(blob)
  })

  it('of unknown digest is refused, at once if its size is known', async () => {
    const size = 9 * mebibyte
    await expect(store.content.writer('anonymous', { size })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
    await using writer = await store.content.writer('anonymous', {})
    await expect(copyContent(writer, bytesOf(blobOf('anonymous', size)))).rejects.toThrow(
      'needs its expected digest in an S3 store',
    )
    expect(await openUploads()).toEqual([])
  })

  it('S3 with a wrong digest at the very end leaves nothing, neither object nor upload', async () => {
    const blob = blobOf('wrong digest', 20 * mebibyte)
    const other = { ...blob, seed: 'other bytes' }
    await expect(write(other)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
    await expect(store.content.info(blob.digest)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await openUploads()).toEqual([])
    await write(blob)
    await expectWhole(blob)
  })

  it('S8 whose source fails in mid-upload leaves nothing, and the next run finishes', async () => {
    const blob = blobOf('source fails', 24 * mebibyte)
    const cutOff = async function* () {
      let left = 17
      for await (const chunk of bytesOf(blob)) {
        if (left-- === 0) throw new Error('the source is gone')
        yield chunk
      }
    }
    const failing = async () => {
      await using writer = await store.content.writer('failing', blob)
      await copyContent(writer, cutOff())
    }
    await expect(failing()).rejects.toThrow('the source is gone')
    await expect(store.content.info(blob.digest)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await openUploads()).toEqual([])
    await write(blob, 'failing')
    await expectWhole(blob)
  })

  it('starts a new upload when its source restarts', async () => {
    const blob = blobOf('restarted', 20 * mebibyte)
    await using writer = await store.content.writer('restarted', blob)
    for (const chunk of seededBytes('something else', 15 * mebibyte)) await writer.write(chunk)
    await writer.restart()
    await copyContent(writer, bytesOf(blob))
    await expectWhole(blob)
    expect(await openUploads()).toEqual([])
  })

  it('stops when its signal aborts, and leaves no upload', async () => {
    const blob = blobOf('canceled', 40 * mebibyte)
    const controller = new AbortController()
    const canceled = async () => {
      await using writer = await store.content.writer('canceled', blob, { signal: controller.signal })
      for (const chunk of seededBytes(blob.seed, blob.size)) {
        await writer.write(chunk)
        if (writer.status.offset >= 12 * mebibyte) controller.abort()
      }
    }
    await expect(canceled()).rejects.toMatchObject({ code: 'CANCELED' })
    expect(await openUploads()).toEqual([])
  })

  it('S1 of one digest by eight writers: all succeed, and the object is whole', async () => {
    const blob = blobOf('eight', 18 * mebibyte)
    const writers = await Promise.all(
      Array.from({ length: 8 }, (_, i) => store.content.writer(`writer ${i}`, blob)),
    )
    const infos = await Promise.all(writers.map((writer) => copyContent(writer, bytesOf(blob))))
    expect(infos.every(({ digest, size }) => digest === blob.digest && size === blob.size)).toBe(true)
    await expectWhole(blob)
    expect(await openUploads()).toEqual([])
  })

  it('of eight writers gets by with the memory of one part for each', async () => {
    const narrow = await openS3Store(parseS3Url(gateway.url('narrow')), {
      client,
      partSize,
      partMemory: partSize,
    })
    const blobs = Array.from({ length: 8 }, (_, i) => blobOf(`narrow ${i}`, 11 * mebibyte))
    const writes = blobs.map(async (blob) => {
      await using writer = await narrow.content.writer(blob.digest, blob)
      return await copyContent(writer, bytesOf(blob))
    })
    expect((await Promise.all(writes)).map(({ digest }) => digest)).toEqual(blobs.map(({ digest }) => digest))
  })
})

describe('small content', () => {
  it('of zero bytes is an object', async () => {
    const blob = blobOf('nothing', 0)
    await write(blob)
    expect(await gather(await store.content.open(blob), 1, 'nothing')).toHaveLength(0)
  })

  it('S13 is put once by eight who do so at a time', async () => {
    const blob = blobOf('small race', 1000)
    const infos = await Promise.all(
      Array.from({ length: 8 }, async (_, i) => {
        const writer = await store.content.writer(`small ${i}`, { digest: blob.digest })
        return copyContent(writer, bytesOf(blob))
      }).map((writing) => writing.catch((error: { code: string }) => error.code)),
    )
    // Who comes late is told that it is there.
    for (const info of infos) {
      if (typeof info === 'string') expect(info).toBe('ALREADY_EXISTS')
      else expect(info.digest).toBe(blob.digest)
    }
    await expectWhole(blob)
  })
})
