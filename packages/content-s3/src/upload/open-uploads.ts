import { AbortMultipartUploadCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import { hasCode, isUnavailable } from '@dist/errdefs'
import type { Bucket } from '../bucket/bucket.js'
import { s3Name } from '../bucket/errors.js'
import { compareKeys, listAll, type Page } from '../bucket/pages.js'

/** A multipart upload of any process that is neither completed nor aborted. */
export interface OpenUpload {
  readonly key: string
  readonly id: string
  readonly startedAt: Date
}

/** The position of the next page. */
interface UploadMarkers {
  readonly KeyMarker: string
  readonly UploadIdMarker?: string | undefined
}

/**
 * The open uploads to blobs of the store, in pages of at most 1,000. If the prefix lists none, the uploads of the whole
 * bucket are filtered: some servers list with a prefix only uploads of exactly that key. Throws what `listAll` throws.
 */
export async function* listUploads(bucket: Bucket): AsyncIterable<OpenUpload> {
  let isEmpty = true
  for await (const upload of uploadsBelow(bucket, 'blobs/')) {
    isEmpty = false
    yield upload
  }
  if (!isEmpty) return
  try {
    yield* uploadsAmongAll(bucket, 'blobs/')
  } catch (error) {
    // The credentials may be limited to the prefix of the store.
    if (!hasCode(error, 'PERMISSION_DENIED')) throw error
  }
}

/** The open uploads below a path of the store, on servers that list by prefix. */
export function uploadsBelow(bucket: Bucket, path: string): AsyncIterable<OpenUpload> {
  return uploadsTo(bucket, bucket.key(path), bucket.key(path))
}

/** The same, filtered from all uploads of the bucket. */
export function uploadsAmongAll(bucket: Bucket, path: string): AsyncIterable<OpenUpload> {
  return uploadsTo(bucket, '', bucket.key(path))
}

async function* uploadsTo(bucket: Bucket, prefix: string, wanted: string): AsyncIterable<OpenUpload> {
  const uploads = listAll<OpenUpload, UploadMarkers>({
    subject: `uploads to ${bucket.url(prefix)}`,
    getPage: (from) => pageOf(bucket, prefix, from),
    after: ({ key, id }) => ({ KeyMarker: key, UploadIdMarker: id }),
    compare: (a, b) => compareKeys(a.key, b.key),
    idOf: ({ id }) => id,
  })
  for await (const upload of uploads) if (upload.key.startsWith(wanted)) yield upload
}

async function pageOf(
  bucket: Bucket,
  prefix: string,
  from: UploadMarkers | undefined,
): Promise<Page<OpenUpload, UploadMarkers>> {
  const input = { Bucket: bucket.name, ...(prefix === '' ? {} : { Prefix: prefix }), ...from }
  const command = new ListMultipartUploadsCommand(input)
  const page = await bucket.call('list uploads', prefix, (sending) => bucket.client.send(command, sending))
  const items = (page.Uploads ?? []).flatMap(({ Key, UploadId, Initiated }) =>
    Key === undefined || UploadId === undefined
      ? []
      : [{ key: Key, id: UploadId, startedAt: Initiated ?? new Date(bucket.now()) }],
  )
  const { IsTruncated: isTruncated, NextKeyMarker: key, NextUploadIdMarker: id } = page
  return {
    items,
    isTruncated,
    next: key ? { KeyMarker: key, ...(id ? { UploadIdMarker: id } : {}) } : undefined,
  }
}

/** Aborts an upload of any process. False when it had already ended. */
export async function abortUpload(bucket: Bucket, { key, id }: OpenUpload): Promise<boolean> {
  const command = new AbortMultipartUploadCommand({ Bucket: bucket.name, Key: key, UploadId: id })
  const aborted = bucket.call('abort upload', key, (sending) => bucket.client.send(command, sending))
  return (await unlessEnded(aborted)) !== undefined
}

/** The result of a call about an upload; undefined where the upload has ended. */
export async function unlessEnded<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call
  } catch (error) {
    if (isUnavailable(error) && s3Name(error) === 'NoSuchUpload') return undefined
    throw error
  }
}
