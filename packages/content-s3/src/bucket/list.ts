import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import type { Bucket } from './bucket.js'
import type { Head } from './head.js'

export interface Listed extends Head {
  readonly key: string
}

/** The objects below a path of the store, a page of at most 1,000 at a time. */
export async function* listObjects(bucket: Bucket, path: string): AsyncIterable<Listed> {
  const prefix = bucket.key(path)
  let token: string | undefined
  do {
    const send = new ListObjectsV2Command({ Bucket: bucket.name, Prefix: prefix, ContinuationToken: token })
    const page = await bucket.call('listing', prefix, (sending) => bucket.client.send(send, sending))
    for (const { Key, Size, LastModified } of page.Contents ?? []) {
      if (Key === undefined || Size === undefined) continue
      yield { key: Key, size: Size, modifiedAt: LastModified ?? new Date(bucket.now()) }
    }
    token = page.IsTruncated ? page.NextContinuationToken : undefined
  } while (token !== undefined)
}
