import { DeleteObjectsCommand } from '@aws-sdk/client-s3'
import { forEachConcurrently } from '@dist/content'
import { hasCode } from '@dist/errdefs'
import type { Bucket } from './bucket.js'
import { statusOf } from './errors.js'
import { removeObject } from './objects.js'

/** Amazon S3 API reference, DeleteObjects: the most keys of one request. */
const batchSize = 1000
/** Single deletions at the same time. */
const concurrency = 16

/** Deletes objects that may not exist, with one request for 1,000. Tries all, then throws the first failure. */
export async function removeObjects(bucket: Bucket, keys: readonly string[]): Promise<void> {
  let failure: { readonly error: unknown } | undefined
  const removeEach = (each: readonly string[]) =>
    forEachConcurrently(each, concurrency, (key) =>
      removeObject(bucket, key).catch((error: unknown) => {
        failure ??= { error }
      }),
    )
  for (let at = 0; at < keys.length; at += batchSize) {
    const batch = keys.slice(at, at + batchSize)
    if (batch.length === 1 || !bucket.batchDeletes) await removeEach(batch)
    else await removeEach(await removeBatch(bucket, batch))
  }
  if (failure !== undefined) throw failure.error
}

/** Deletes a batch. Resolves to the keys that have to be deleted one by one: those that the server reports as failed. */
async function removeBatch(bucket: Bucket, keys: readonly string[]): Promise<readonly string[]> {
  const command = new DeleteObjectsCommand({
    Bucket: bucket.name,
    Delete: { Objects: keys.map((Key) => ({ Key })), Quiet: false },
  })
  try {
    const { Deleted = [], Errors = [] } = await bucket.call('delete', keys[0] ?? '', (sending) =>
      bucket.client.send(command, sending),
    )
    const deleted = new Set(Deleted.map(({ Key }) => Key))
    // Only what the answer names as deleted is: gateways leave keys out.
    const left = keys.filter((key) => !deleted.has(key))
    if (left.length === keys.length && Errors.length === 0) bucket.batchDeletes = false
    return left
  } catch (error) {
    if (!isRefused(error)) throw error
    bucket.batchDeletes = false
    return keys
  }
}

/** Servers that do not know the request, or want another checksum of it. */
function isRefused(error: unknown): boolean {
  const status = statusOf(error)
  return hasCode(error, 'NOT_IMPLEMENTED') || status === 400 || status === 405 || status === 501
}
