import {
  AbortMultipartUploadCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  ListPartsCommand,
} from '@aws-sdk/client-s3'
import { isUnavailable } from '@dist/errdefs'
import type { Bucket } from '../bucket/bucket.js'
import { s3Name } from '../bucket/errors.js'

/** An upload that has been begun and neither completed nor given up, by whomever. */
export interface OpenUpload {
  readonly key: string
  readonly id: string
  readonly startedAt: Date
}

/** What an upload has got so far. */
export interface Progress {
  /** Bytes. */
  readonly size: number
  readonly updatedAt: Date
}

/** The open uploads to blobs of the store, a page of at most 1,000 at a time. */
export async function* listUploads(bucket: Bucket): AsyncIterable<OpenUpload> {
  const prefix = bucket.key('blobs/')
  let next: Pick<ListMultipartUploadsCommandOutput, 'KeyMarker' | 'UploadIdMarker'> | undefined = {}
  while (next !== undefined) {
    const page: ListMultipartUploadsCommandOutput = await listPage(bucket, prefix, next)
    for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
      if (Key === undefined || UploadId === undefined || !Key.startsWith(prefix)) continue
      yield { key: Key, id: UploadId, startedAt: Initiated ?? new Date(bucket.now()) }
    }
    const { IsTruncated, NextKeyMarker, NextUploadIdMarker } = page
    next = IsTruncated ? { KeyMarker: NextKeyMarker, UploadIdMarker: NextUploadIdMarker } : undefined
  }
}

function listPage(
  bucket: Bucket,
  prefix: string,
  markers: object,
): Promise<ListMultipartUploadsCommandOutput> {
  const command = new ListMultipartUploadsCommand({ Bucket: bucket.name, Prefix: prefix, ...markers })
  return bucket.call('listing the uploads to', prefix, (sending) => bucket.client.send(command, sending))
}

/** What has arrived of an upload; undefined when it has ended meanwhile. */
export async function progressOf(bucket: Bucket, upload: OpenUpload): Promise<Progress | undefined> {
  let size = 0
  let updatedAt = upload.startedAt
  let marker: string | undefined
  const key = { Bucket: bucket.name, Key: upload.key, UploadId: upload.id }
  do {
    const command = new ListPartsCommand({ ...key, PartNumberMarker: marker })
    const page = await unlessEnded(
      bucket.call('listing the parts of', upload.key, (sending) => bucket.client.send(command, sending)),
    )
    if (page === undefined) return undefined
    for (const { Size = 0, LastModified = updatedAt } of page.Parts ?? []) {
      size += Size
      if (LastModified > updatedAt) updatedAt = LastModified
    }
    marker = page.IsTruncated ? page.NextPartNumberMarker : undefined
  } while (marker !== undefined)
  return { size, updatedAt }
}

/** Ends an upload, whoever began it. False when it had ended already. */
export async function abortUpload(bucket: Bucket, { key, id }: OpenUpload): Promise<boolean> {
  const command = new AbortMultipartUploadCommand({ Bucket: bucket.name, Key: key, UploadId: id })
  const aborted = bucket.call('giving up', key, (sending) => bucket.client.send(command, sending))
  return (await unlessEnded(aborted)) !== undefined
}

async function unlessEnded<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call
  } catch (error) {
    if (isUnavailable(error) && s3Name(error) === 'NoSuchUpload') return undefined
    throw error
  }
}
