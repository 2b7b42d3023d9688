import { DeleteObjectCommand } from '@aws-sdk/client-s3'
import type { Bucket } from './bucket.js'
import { headObject } from './head.js'

/** Deletes an object. Whether there was one: the server does not tell, so it is looked at first. */
export async function deleteObject(bucket: Bucket, key: string): Promise<boolean> {
  if ((await headObject(bucket, key)) === undefined) return false
  await removeObject(bucket, key)
  return true
}

/** Deletes an object that may be there. */
export async function removeObject(bucket: Bucket, key: string): Promise<void> {
  const send = new DeleteObjectCommand({ Bucket: bucket.name, Key: key })
  await bucket.call('deleting', key, (sending) => bucket.client.send(send, sending))
}
