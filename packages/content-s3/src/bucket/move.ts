import { CopyObjectCommand } from '@aws-sdk/client-s3'
import type { Bucket } from './bucket.js'
import { removeObject } from './objects.js'

/**
 * Moves an object. Throws `NOT_FOUND`, and an error for more than 5 GiB, which a server does not copy with one request. The copy
 * is complete before the object is deleted.
 */
export async function moveObject(bucket: Bucket, from: string, to: string): Promise<void> {
  const command = new CopyObjectCommand({
    Bucket: bucket.name,
    CopySource: encodeURI(`${bucket.name}/${from}`),
    Key: to,
  })
  // A server may copy for minutes.
  const options = { timeout: copyTimeoutMs }
  await bucket.call('copy', from, (sending) => bucket.client.send(command, sending), options)
  await removeObject(bucket, from)
}

const copyTimeoutMs = 600_000
