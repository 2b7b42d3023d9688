import { randomUUID } from 'node:crypto'
import { CreateMultipartUploadCommand } from '@aws-sdk/client-s3'
import { hasCode } from '@dist/errdefs'
import type { Bucket } from '../bucket/bucket.js'
import { probesPath } from '../probe.js'
import { abortUpload, type OpenUpload, uploadsAmongAll, uploadsBelow } from './open-uploads.js'

/**
 * How a server lists open uploads: `below` a prefix, as Amazon S3; only `all` of the bucket, with a prefix those of
 * exactly that key, as MinIO; or `never`.
 */
export type UploadListing = 'below' | 'all' | 'never'

/**
 * Finds out how the server lists uploads: starts one, lists it, and aborts it. `below` where the credentials do not allow
 * to start one.
 */
export async function detectUploadListing(bucket: Bucket): Promise<UploadListing> {
  const key = bucket.key(`${probesPath}${randomUUID()}`)
  const id = await startUpload(bucket, key)
  if (id === undefined) return 'below'
  try {
    if (await includes(uploadsBelow(bucket, probesPath), id)) return 'below'
    return (await includes(uploadsAmongAll(bucket, probesPath), id)) ? 'all' : 'never'
  } finally {
    await abortUpload(bucket, { key, id, startedAt: new Date() })
  }
}

async function startUpload(bucket: Bucket, key: string): Promise<string | undefined> {
  const command = new CreateMultipartUploadCommand({ Bucket: bucket.name, Key: key })
  try {
    const started = await bucket.call('start upload', key, (sending) => bucket.client.send(command, sending))
    return started.UploadId
  } catch (error) {
    if (hasCode(error, 'PERMISSION_DENIED')) return undefined
    throw error
  }
}

async function includes(uploads: AsyncIterable<OpenUpload>, id: string): Promise<boolean> {
  for await (const upload of uploads) if (upload.id === id) return true
  return false
}
