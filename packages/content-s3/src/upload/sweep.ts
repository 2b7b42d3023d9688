import type { Swept } from '@dist/content'
import type { Bucket } from '../bucket/bucket.js'
import { listObjects } from '../bucket/list.js'
import { removeObject } from '../bucket/objects.js'
import { probesPath } from '../probe.js'
import { abortUpload, type OpenUpload, uploadsAmongAll, uploadsBelow } from './open-uploads.js'
import { progressOf } from './progress.js'
import { detectUploadListing } from './upload-lists.js'

/** The ref of an upload of another process. */
export function refOf({ id }: OpenUpload): string {
  return `upload:${id}`
}

/**
 * Aborts uploads without new parts for `olderThan` milliseconds by the clock of the server, except those that `isLive`,
 * and removes old probesPath. Calls `onRemark` if the server does not list uploads, so that none can be swept.
 */
export async function sweepUploads(
  bucket: Bucket,
  olderThan: number,
  isLive: (upload: OpenUpload) => boolean,
  onRemark?: (remark: string) => void,
): Promise<Swept[]> {
  const before = bucket.now() - olderThan
  const swept: Swept[] = []
  for await (const upload of await openUploads(bucket, onRemark)) {
    // Checked first: the age of most uploads is enough, without a call.
    if (upload.startedAt.getTime() > before || isLive(upload)) continue
    const progress = await progressOf(bucket, upload)
    if (progress === undefined || progress.updatedAt.getTime() > before || isLive(upload)) continue
    if (await abortUpload(bucket, upload)) swept.push({ ref: refOf(upload), ...progress })
  }
  for await (const { key, modifiedAt } of listObjects(bucket, probesPath)) {
    if (modifiedAt.getTime() <= before) await removeObject(bucket, key)
  }
  return swept
}

/** The open uploads to blobs of the store, by the listing that this server supports. */
async function openUploads(
  bucket: Bucket,
  onRemark?: (remark: string) => void,
): Promise<AsyncIterable<OpenUpload>> {
  for await (const _ of uploadsBelow(bucket, 'blobs/')) return uploadsBelow(bucket, 'blobs/')
  const listing = await detectUploadListing(bucket)
  if (listing === 'never')
    onRemark?.(
      `${bucket.root}: the server does not list uploads, so that they cannot be swept; set a lifecycle rule of the bucket that aborts incomplete uploads`,
    )
  return listing === 'below' ? uploadsBelow(bucket, 'blobs/') : uploadsAmongAll(bucket, 'blobs/')
}
