import { randomBytes, randomUUID } from 'node:crypto'
import { DistError } from '@dist/errdefs'
import type { Bucket } from './bucket/bucket.js'
import { removeObject } from './bucket/objects.js'
import { putObject } from './bucket/put.js'
import { getObject } from './bucket/read.js'

/** The path of probes. A sweep removes those of crashed processes. */
export const probesPath = 'probes/'

/**
 * Writes an object, reads it back, compares and deletes it. The error of a failure names its cause: credentials, bucket,
 * clock, region or endpoint.
 */
export async function probe(bucket: Bucket): Promise<void> {
  const key = bucket.key(`${probesPath}${randomUUID()}`)
  const content = randomBytes(64)
  await putObject(bucket, key, content)
  const found = await getObject(bucket, key, content.byteLength)
  await removeObject(bucket, key)
  if (found !== undefined && content.equals(found)) return
  const what = found === undefined ? 'not found' : 'read with other bytes'
  throw new DistError(
    'INTERNAL',
    `${bucket.url(key)}: written, then ${what}; check that the endpoint is one S3 server, and path-style=`,
  )
}
