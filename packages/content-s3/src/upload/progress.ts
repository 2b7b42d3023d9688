import { ListPartsCommand } from '@aws-sdk/client-s3'
import type { Bucket } from '../bucket/bucket.js'
import { listAll, type Page } from '../bucket/pages.js'
import { type OpenUpload, unlessEnded } from './open-uploads.js'

/** The received bytes of an upload. */
export interface Progress {
  /** Bytes. */
  readonly size: number
  readonly updatedAt: Date
}

interface Part {
  readonly number: number
  readonly size: number
  readonly arrivedAt: Date | undefined
}

/** The progress of an upload; undefined when it has ended. Throws what `listAll` throws. */
export async function progressOf(bucket: Bucket, upload: OpenUpload): Promise<Progress | undefined> {
  const parts = listAll<Part, { PartNumberMarker: string }>({
    subject: `parts of ${bucket.url(upload.key)}`,
    getPage: (from) => partsOf(bucket, upload, from),
    after: ({ number }) => ({ PartNumberMarker: String(number) }),
    compare: (a, b) => a.number - b.number,
  })
  return await unlessEnded(sumOf(parts, upload.startedAt))
}

async function sumOf(parts: AsyncIterable<Part>, startedAt: Date): Promise<Progress> {
  let size = 0
  let updatedAt = startedAt
  for await (const part of parts) {
    size += part.size
    if (part.arrivedAt !== undefined && part.arrivedAt > updatedAt) updatedAt = part.arrivedAt
  }
  return { size, updatedAt }
}

async function partsOf(
  bucket: Bucket,
  { key, id }: OpenUpload,
  from: { PartNumberMarker: string } | undefined,
): Promise<Page<Part, { PartNumberMarker: string }>> {
  const command = new ListPartsCommand({ Bucket: bucket.name, Key: key, UploadId: id, ...from })
  const page = await bucket.call('list parts', key, (sending) => bucket.client.send(command, sending))
  const items = (page.Parts ?? []).flatMap(({ PartNumber, Size = 0, LastModified }) =>
    PartNumber === undefined ? [] : [{ number: PartNumber, size: Size, arrivedAt: LastModified }],
  )
  const { IsTruncated, NextPartNumberMarker: marker } = page
  return {
    items,
    // Servers also answer a marker after the last part.
    isTruncated: IsTruncated ?? false,
    next: marker && marker !== '0' ? { PartNumberMarker: marker } : undefined,
  }
}
