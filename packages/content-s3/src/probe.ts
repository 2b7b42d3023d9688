import { randomBytes, randomUUID } from 'node:crypto'
import { DistError } from '@dist/errdefs'
import type { Bucket } from './bucket/bucket.js'
import { removeObject } from './bucket/delete.js'
import { getObject } from './bucket/get.js'
import { putObject } from './bucket/put.js'

/** Where probes are; one that a crash left is swept. */
export const probes = 'probes/'

/**
 * Writes an object, reads it back, compares and deletes it. What fails says what is wrong: credentials, bucket, clock,
 * region, endpoint.
 */
export async function probe(bucket: Bucket): Promise<void> {
  const key = bucket.key(`${probes}${randomUUID()}`)
  const content = randomBytes(64)
  await putObject(bucket, key, content)
  const found = await getObject(bucket, key, content.byteLength)
  await removeObject(bucket, key)
  if (found !== undefined && content.equals(found)) return
  const what = found === undefined ? 'is not there' : 'has other bytes'
  throw new DistError(
    'INTERNAL',
    `${bucket.url(key)} was written, and ${what} when read: is the endpoint one S3 server, and path-style= right?`,
  )
}
