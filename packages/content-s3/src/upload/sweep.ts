import type { Bucket } from '../bucket/bucket.js'
import { removeObject } from '../bucket/delete.js'
import { listObjects } from '../bucket/list.js'
import { probes } from '../probe.js'
import { abortUpload, type OpenUpload, uploadsAmongAll, uploadsBelow } from './list.js'
import { listsUploads } from './lists-uploads.js'
import { progressOf } from './progress.js'

/** What a sweep removed. */
export interface Swept {
  /** The ref under which the write shows in the store's statuses. */
  readonly ref: string
  /** Bytes set free. */
  readonly size: number
  readonly updatedAt: Date
}

/** The ref of an upload of which this process has no draft. */
export function refOf({ id }: OpenUpload): string {
  return `upload:${id}`
}

/**
 * Aborts uploads that got nothing for `olderThan` milliseconds by the server's clock, but for those that `isLive`
 * knows, and removes probes as old. `onRemark` is told of a server that does not list uploads: there none can be swept.
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
    // Most are spared by their age alone, which costs no further call.
    if (upload.startedAt.getTime() > before || isLive(upload)) continue
    const progress = await progressOf(bucket, upload)
    if (progress === undefined || progress.updatedAt.getTime() > before || isLive(upload)) continue
    if (await abortUpload(bucket, upload)) swept.push({ ref: refOf(upload), ...progress })
  }
  for await (const { key, modifiedAt } of listObjects(bucket, probes)) {
    if (modifiedAt.getTime() <= before) await removeObject(bucket, key)
  }
  return swept
}

/** The open uploads to blobs of the store, found in the way in which this server shows them. */
async function openUploads(
  bucket: Bucket,
  onRemark?: (remark: string) => void,
): Promise<AsyncIterable<OpenUpload>> {
  for await (const _ of uploadsBelow(bucket, 'blobs/')) return uploadsBelow(bucket, 'blobs/')
  const lists = await listsUploads(bucket)
  if (lists === 'never')
    onRemark?.(
      `${bucket.root}: the server does not list uploads, so none of them is swept: have a lifecycle rule of the bucket abort incomplete uploads`,
    )
  return lists === 'below' ? uploadsBelow(bucket, 'blobs/') : uploadsAmongAll(bucket, 'blobs/')
}
