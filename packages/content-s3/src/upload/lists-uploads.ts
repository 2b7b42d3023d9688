import { randomUUID } from 'node:crypto'
import { CreateMultipartUploadCommand } from '@aws-sdk/client-s3'
import { hasCode } from '@dist/errdefs'
import type { Bucket } from '../bucket/bucket.js'
import { probes } from '../probe.js'
import { abortUpload, type OpenUpload, uploadsAmongAll, uploadsBelow } from './list.js'

/**
 * How a server lists open uploads: those below a prefix, as Amazon does; only all of the bucket's, with a prefix those
 * of exactly that key, as MinIO; or not at all.
 */
export type UploadLists = 'below' | 'all' | 'never'

/**
 * Finds out how the server lists uploads: begins one, looks for it, and gives it up. `below` where the credentials may
 * not begin one.
 */
export async function listsUploads(bucket: Bucket): Promise<UploadLists> {
  const key = bucket.key(`${probes}${randomUUID()}`)
  const id = await beginUpload(bucket, key)
  if (id === undefined) return 'below'
  try {
    if (await shows(uploadsBelow(bucket, probes), id)) return 'below'
    return (await shows(uploadsAmongAll(bucket, probes), id)) ? 'all' : 'never'
  } finally {
    await abortUpload(bucket, { key, id, startedAt: new Date() })
  }
}

async function beginUpload(bucket: Bucket, key: string): Promise<string | undefined> {
  const command = new CreateMultipartUploadCommand({ Bucket: bucket.name, Key: key })
  try {
    const begun = await bucket.call('beginning to write', key, (sending) =>
      bucket.client.send(command, sending),
    )
    return begun.UploadId
  } catch (error) {
    if (hasCode(error, 'PERMISSION_DENIED')) return undefined
    throw error
  }
}

async function shows(uploads: AsyncIterable<OpenUpload>, id: string): Promise<boolean> {
  for await (const upload of uploads) if (upload.id === id) return true
  return false
}
