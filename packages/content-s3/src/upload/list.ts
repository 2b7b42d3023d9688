import { AbortMultipartUploadCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import { hasCode, isUnavailable } from '@dist/errdefs'
import type { Bucket } from '../bucket/bucket.js'
import { s3Name } from '../bucket/errors.js'
import { compareKeys, listAll, type Page } from '../bucket/pages.js'

/** An upload that has been begun and neither completed nor given up, by whomever. */
export interface OpenUpload {
  readonly key: string
  readonly id: string
  readonly startedAt: Date
}

/** Where a listing goes on. */
interface UploadMarkers {
  readonly KeyMarker: string
  readonly UploadIdMarker?: string | undefined
}

/**
 * The open uploads to blobs of the store, a page of at most 1,000 at a time. Where there seem to be none the whole
 * bucket is looked through: some servers list below a prefix the uploads of exactly that key. Throws what `listAll`
 * throws.
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
    // Who may list the store need not be allowed to list the bucket.
    if (!hasCode(error, 'PERMISSION_DENIED')) throw error
  }
}

/** Those of them below a path of the store, as far as the server lists by prefix. */
export function uploadsBelow(bucket: Bucket, path: string): AsyncIterable<OpenUpload> {
  return uploadsTo(bucket, bucket.key(path), bucket.key(path))
}

/** The same, picked out of all uploads of the bucket. */
export function uploadsAmongAll(bucket: Bucket, path: string): AsyncIterable<OpenUpload> {
  return uploadsTo(bucket, '', bucket.key(path))
}

async function* uploadsTo(bucket: Bucket, prefix: string, wanted: string): AsyncIterable<OpenUpload> {
  const uploads = listAll<OpenUpload, UploadMarkers>({
    subject: `listing the uploads to ${bucket.url(prefix)}`,
    ask: (from) => pageOf(bucket, prefix, from),
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
  const asked = { Bucket: bucket.name, ...(prefix === '' ? {} : { Prefix: prefix }), ...from }
  const command = new ListMultipartUploadsCommand(asked)
  const page = await bucket.call('listing the uploads to', prefix, (sending) =>
    bucket.client.send(command, sending),
  )
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

/** Ends an upload, whoever began it. False when it had ended already. */
export async function abortUpload(bucket: Bucket, { key, id }: OpenUpload): Promise<boolean> {
  const command = new AbortMultipartUploadCommand({ Bucket: bucket.name, Key: key, UploadId: id })
  const aborted = bucket.call('giving up', key, (sending) => bucket.client.send(command, sending))
  return (await unlessEnded(aborted)) !== undefined
}

/** What a call about an upload resolves to; undefined where the upload has ended. */
export async function unlessEnded<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call
  } catch (error) {
    if (isUnavailable(error) && s3Name(error) === 'NoSuchUpload') return undefined
    throw error
  }
}
