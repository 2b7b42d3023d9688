import { CompleteMultipartUploadCommand } from '@aws-sdk/client-s3'
import { DistError, isRetryable } from '@dist/errdefs'
import type { Bucket } from '../bucket/bucket.js'
import { s3Name } from '../bucket/errors.js'
import { headObject } from '../bucket/head.js'
import type { SentPart } from './upload.js'

export interface Completion {
  readonly key: string
  readonly id: string
  readonly parts: readonly SentPart[]
  /** Bytes of all parts. */
  readonly size: number
}

/** Errors after which the upload cannot be completed any more, at least not by sending the same again. */
const lost = ['NoSuchUpload', 'InvalidPart', 'InvalidPartOrder', 'EntityTooSmall']

/**
 * Makes the object of an upload visible. `before` where somebody else was first: the upload is still there.
 * An answer that failed says little: the server may have completed the upload all the same, so the object is looked
 * at. `UNAVAILABLE` when the content has to be written again.
 */
export async function completeUpload(
  bucket: Bucket,
  completion: Completion,
  signal: AbortSignal | undefined,
): Promise<'before' | 'now'> {
  if (await isThere(bucket, completion, signal)) return 'before'
  for (let attempt = 1; ; attempt++) {
    try {
      await complete(bucket, completion, signal)
      return 'now'
    } catch (error) {
      if (signal?.aborted) throw error
      if (await isThere(bucket, completion, signal)) return 'now'
      const isLost = lost.includes(s3Name(error) ?? '')
      if (!isRetryable(error) || isLost || attempt >= bucket.attempts) throw error
    }
    await bucket.pause(attempt - 1, signal)
  }
}

async function complete(bucket: Bucket, { key, id, parts }: Completion, signal: AbortSignal | undefined) {
  const command = new CompleteMultipartUploadCommand({
    Bucket: bucket.name,
    Key: key,
    UploadId: id,
    MultipartUpload: { Parts: [...parts] },
  })
  const options = { signal, attempts: 1 }
  const { ETag } = await bucket.call(
    'completing',
    key,
    (sending) => bucket.client.send(command, sending),
    options,
  )
  // Amazon S3 API reference, CompleteMultipartUpload: a 200 whose document is an error has no ETag.
  if (ETag === undefined)
    throw new DistError('UNAVAILABLE', `completing ${bucket.url(key)}: the server did not say that it did`)
}

async function isThere(bucket: Bucket, { key, size }: Completion, signal: AbortSignal | undefined) {
  return (await headObject(bucket, key, signal))?.size === size
}
