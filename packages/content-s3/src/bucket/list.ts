import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import type { Bucket } from './bucket.js'
import type { Head } from './objects.js'
import { compareKeys, listAll, type Page } from './pages.js'
import type { Sending } from './requests.js'

export interface ListedObject extends Head {
  readonly key: string
  /** Without quotes. */
  readonly etag: string | undefined
}

interface ListItem {
  readonly key: string
  readonly size: number | undefined
  readonly modifiedAt: Date
  /** Without quotes. */
  readonly etag: string | undefined
}

/** One page of a listing. */
export interface ListedPage {
  readonly items: readonly (ListItem & { readonly size: number })[]
  readonly isTruncated: boolean
}

/** The position of the next page. */
type From = { readonly ContinuationToken: string } | { readonly StartAfter: string }

/** The objects below a path of the store, in pages of at most 1,000. Throws what `listAll` throws. */
export async function* listObjects(bucket: Bucket, path: string): AsyncIterable<ListedObject> {
  const prefix = bucket.key(path)
  const found = listAll<ListItem, From>({
    subject: bucket.url(prefix),
    getPage: (from) => pageOf(bucket, prefix, from),
    after: ({ key }) => ({ StartAfter: key }),
    compare: (a, b) => compareKeys(a.key, b.key),
  })
  for await (const { key, size, modifiedAt, etag } of found)
    if (size !== undefined) yield { key, size, modifiedAt, etag }
}

/** The objects after a position below a prefix, at most 1,000. One attempt: for listings that only save other requests. */
export async function listPage(bucket: Bucket, prefix: string, after: string): Promise<ListedPage> {
  const from = after === '' ? undefined : { StartAfter: `${prefix}${after}` }
  const { items, isTruncated, next } = await pageOf(bucket, prefix, from, 1)
  return {
    items: items.filter((item): item is ListItem & { size: number } => item.size !== undefined),
    isTruncated: isTruncated ?? next !== undefined,
  }
}

async function pageOf(
  bucket: Bucket,
  prefix: string,
  from: From | undefined,
  attempts = bucket.attempts,
): Promise<Page<ListItem, From>> {
  const command = new ListObjectsV2Command({ Bucket: bucket.name, Prefix: prefix, ...from })
  const send = (sending: Sending) => bucket.requests.send(command, sending)
  const page = await bucket.call('list', prefix, send, { attempts })
  const items = (page.Contents ?? []).flatMap(({ Key, Size, LastModified, ETag }) =>
    Key === undefined
      ? []
      : [
          {
            key: Key,
            size: Size,
            modifiedAt: LastModified ?? new Date(bucket.now()),
            etag: ETag?.replaceAll('"', ''),
          },
        ],
  )
  const { IsTruncated: isTruncated, NextContinuationToken: token } = page
  return { items, isTruncated, next: token ? { ContinuationToken: token } : undefined }
}
