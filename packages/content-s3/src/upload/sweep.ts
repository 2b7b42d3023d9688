import type { Bucket } from '../bucket/bucket.js'
import { removeObject } from '../bucket/delete.js'
import { listObjects } from '../bucket/list.js'
import { probes } from '../probe.js'
import { abortUpload, listUploads, type OpenUpload, progressOf } from './list.js'

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
 * knows, and removes probes as old.
 */
export async function sweepUploads(
  bucket: Bucket,
  olderThan: number,
  isLive: (upload: OpenUpload) => boolean,
): Promise<Swept[]> {
  const before = bucket.now() - olderThan
  const swept: Swept[] = []
  for await (const upload of listUploads(bucket)) {
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
