import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { GetObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3'
import type { Gateway } from '@dist/testkit/servers'
import type { Rehashed } from './verify-folder.js'

export interface RehashedBucket extends Rehashed {
  /** Digests by the names that were published. */
  readonly published: ReadonlyMap<string, string>
}

/** So many objects are read at the same time. */
const readers = 4

/** Hashes every object under `blobs/` of a prefix, and reads the names: over S3, with nothing of the store's own code. */
export async function rehashBucket(
  gateway: Gateway,
  prefix: string,
  signal: AbortSignal,
): Promise<RehashedBucket> {
  const { endpoint, region, accessKey: accessKeyId, secretKey: secretAccessKey, bucket } = gateway
  const credentials = { accessKeyId, secretAccessKey }
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true })
  const open = async (Key: string) => {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key }), {
      abortSignal: signal,
    })
    return Body as Readable
  }
  try {
    const keys = await keysBelow(client, bucket, prefix)
    const blobs = await hashAll(
      keys.filter((key) => key.startsWith(`${prefix}/blobs/`)),
      open,
    )
    const published = await readNames(
      keys.filter((key) => key.startsWith(`${prefix}/names/`)),
      open,
    )
    return { ...blobs, published }
  } finally {
    client.destroy()
  }
}

type Open = (key: string) => Promise<Readable>

async function keysBelow(client: S3Client, bucket: string, prefix: string): Promise<string[]> {
  const keys: string[] = []
  for await (const { Contents = [] } of paginateListObjectsV2(
    { client },
    { Bucket: bucket, Prefix: `${prefix}/` },
  )) {
    keys.push(...Contents.flatMap(({ Key }) => (Key === undefined ? [] : [Key])))
  }
  return keys
}

async function hashAll(keys: readonly string[], open: Open): Promise<Rehashed> {
  const names = new Set<string>()
  const wrong: string[] = []
  let bytes = 0
  const left = keys.values()
  const read = async () => {
    for (const key of left) {
      const [algorithm = '', hex = ''] = key.split('/').slice(-2)
      const hash = createHash(algorithm)
      const body = await open(key)
      body.on('data', (chunk: Buffer) => {
        bytes += chunk.byteLength
      })
      await pipeline(body, hash)
      names.add(`${algorithm}:${hex}`)
      if (hash.digest('hex') !== hex) wrong.push(key)
    }
  }
  await Promise.all(Array.from({ length: readers }, read))
  return { names, bytes, wrong }
}

async function readNames(keys: readonly string[], open: Open): Promise<Map<string, string>> {
  const published = new Map<string, string>()
  for (const key of keys) {
    const chunks = await (await open(key)).toArray()
    const { name, descriptor } = JSON.parse(Buffer.concat(chunks).toString())
    published.set(name, descriptor.digest)
  }
  return published
}
