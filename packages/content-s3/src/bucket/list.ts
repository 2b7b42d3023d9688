import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import type { Bucket } from './bucket.js'
import type { Head } from './head.js'
import { compareKeys, listAll, type Page } from './pages.js'

export interface Listed extends Head {
  readonly key: string
}

interface Found {
  readonly key: string
  readonly size: number | undefined
  readonly modifiedAt: Date
}

/** Where a listing goes on. */
type From = { readonly ContinuationToken: string } | { readonly StartAfter: string }

/** The objects below a path of the store, a page of at most 1,000 at a time. Throws what `listAll` throws. */
export async function* listObjects(bucket: Bucket, path: string): AsyncIterable<Listed> {
  const prefix = bucket.key(path)
  const found = listAll<Found, From>({
    subject: `listing ${bucket.url(prefix)}`,
    ask: (from) => pageOf(bucket, prefix, from),
    after: ({ key }) => ({ StartAfter: key }),
    compare: (a, b) => compareKeys(a.key, b.key),
  })
  for await (const { key, size, modifiedAt } of found) if (size !== undefined) yield { key, size, modifiedAt }
}

async function pageOf(bucket: Bucket, prefix: string, from: From | undefined): Promise<Page<Found, From>> {
  const send = new ListObjectsV2Command({ Bucket: bucket.name, Prefix: prefix, ...from })
  const page = await bucket.call('listing', prefix, (sending) => bucket.client.send(send, sending))
  const items = (page.Contents ?? []).flatMap(({ Key, Size, LastModified }) =>
    Key === undefined ? [] : [{ key: Key, size: Size, modifiedAt: LastModified ?? new Date(bucket.now()) }],
  )
  const { IsTruncated: isTruncated, NextContinuationToken: token } = page
  return { items, isTruncated, next: token ? { ContinuationToken: token } : undefined }
}
