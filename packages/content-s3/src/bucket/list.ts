import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import type { Bucket } from './bucket.js'
import type { Head } from './objects.js'
import { compareKeys, listAll, type Page } from './pages.js'

export interface ListedObject extends Head {
  readonly key: string
}

interface ListItem {
  readonly key: string
  readonly size: number | undefined
  readonly modifiedAt: Date
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
  for await (const { key, size, modifiedAt } of found) if (size !== undefined) yield { key, size, modifiedAt }
}

async function pageOf(bucket: Bucket, prefix: string, from: From | undefined): Promise<Page<ListItem, From>> {
  const command = new ListObjectsV2Command({ Bucket: bucket.name, Prefix: prefix, ...from })
  const page = await bucket.call('list', prefix, (sending) => bucket.requests.send(command, sending))
  const items = (page.Contents ?? []).flatMap(({ Key, Size, LastModified }) =>
    Key === undefined ? [] : [{ key: Key, size: Size, modifiedAt: LastModified ?? new Date(bucket.now()) }],
  )
  const { IsTruncated: isTruncated, NextContinuationToken: token } = page
  return { items, isTruncated, next: token ? { ContinuationToken: token } : undefined }
}
