import { randomUUID } from 'node:crypto'
import { DistError } from '@dist/errdefs'
import { isRecord } from '@dist/oci'
import type { Bucket } from './bucket/bucket.js'
import { getObject } from './bucket/get.js'
import { putNew } from './bucket/put.js'

/** What makes a prefix of a bucket a store. */
const storeFile = 'dist.json'
const limit = 64 * 1024

/** The id of the store that is there; undefined where there is none yet. Changes nothing. */
export async function readId(bucket: Bucket): Promise<string | undefined> {
  const key = bucket.key(storeFile)
  const content = await getObject(bucket, key, limit)
  if (content === undefined) return undefined
  const id = idIn(content)
  if (id === undefined)
    throw new DistError(
      'MALFORMED',
      `${bucket.url(key)} does not tell the id of a store: choose another prefix`,
    )
  return id
}

/**
 * Gives a store its id. Of several who create one store at a time all get the same, where the server knows
 * conditional puts; where it does not, the last one's id stays, and is what the next opening gets.
 */
export async function giveId(bucket: Bucket): Promise<string> {
  const content = Buffer.from(`${JSON.stringify({ id: randomUUID() })}\n`)
  await putNew(bucket, bucket.key(storeFile), content, { contentType: 'application/json' })
  const id = await readId(bucket)
  if (id === undefined)
    throw new DistError('UNAVAILABLE', `${bucket.url(bucket.key(storeFile))} was written and is not there`)
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
