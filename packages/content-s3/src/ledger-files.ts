import { type LedgerFiles, maxLedgerFile } from '@dist/content'
import type { Bucket } from './bucket/bucket.js'
import { listObjects } from './bucket/list.js'
import { putObject } from './bucket/put.js'
import { getObject } from './bucket/read.js'

const suffix = '.json.gz'

/** The ledgers of a bucket, one object each. */
export function s3LedgerFiles(bucket: Bucket): LedgerFiles {
  const prefix = bucket.key('ledgers/')
  const keyOf = (key: string) => `${prefix}${key}${suffix}`
  return {
    locate: (key) => bucket.url(keyOf(key)),
    read: (key) => getObject(bucket, keyOf(key), maxLedgerFile),
    write: async (key, content) => {
      await putObject(bucket, keyOf(key), content, { contentType: 'application/gzip' })
    },
    async *keys() {
      for await (const { key } of listObjects(bucket, 'ledgers/'))
        if (key.endsWith(suffix)) yield key.slice(prefix.length, -suffix.length)
    },
  }
}
