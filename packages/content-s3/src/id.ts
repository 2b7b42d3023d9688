import { randomUUID } from 'node:crypto'
import { DistError } from '@dist/errdefs'
import { isRecord } from '@dist/oci'
import type { Bucket } from './bucket/bucket.js'
import { putNew } from './bucket/put.js'
import { getObject } from './bucket/read.js'

/** Makes a prefix of a bucket a dist store. */
const storeFile = 'dist.json'
const limit = 64 * 1024

/** The id of the store; undefined if there is none yet. Writes nothing. */
export async function readId(bucket: Bucket): Promise<string | undefined> {
  const key = bucket.key(storeFile)
  const content = await getObject(bucket, key, limit)
  if (content === undefined) return undefined
  const id = idIn(content)
  if (id === undefined)
    throw new DistError('MALFORMED', `${bucket.url(key)}: not the id of a store; choose another prefix`)
  return id
}

/**
 * Gives a store its id. Processes that create the same store at the same time get the same id if the server supports
 * conditional puts. Otherwise the last id stays, and the next opening gets that one.
 */
export async function createId(bucket: Bucket): Promise<string> {
  const content = Buffer.from(`${JSON.stringify({ id: randomUUID() })}\n`)
  await putNew(bucket, bucket.key(storeFile), content, { contentType: 'application/json' })
  const id = await readId(bucket)
  if (id === undefined)
    throw new DistError(
      'UNAVAILABLE',
      `${bucket.url(bucket.key(storeFile))}: written, but not found afterwards; try again`,
    )
  return id
}

function idIn(content: Uint8Array): string | undefined {
  try {
    const document: unknown = JSON.parse(Buffer.from(content).toString())
    return isRecord(document) && typeof document.id === 'string' ? document.id : undefined
  } catch {
    return undefined
  }
}
