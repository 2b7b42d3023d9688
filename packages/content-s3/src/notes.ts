import type { Note, Notes } from '@dist/content'
import type { Bucket } from './bucket/bucket.js'
import { listObjects } from './bucket/list.js'
import { removeObject } from './bucket/objects.js'
import { putObject } from './bucket/put.js'
import { getObject } from './bucket/read.js'

/** The most bytes of a note: an image has at most some ten thousand objects. */
const limit = 16 * 1024 * 1024

/** Notes as objects of a store. */
export class S3Notes implements Notes {
  constructor(private readonly bucket: Bucket) {}

  get url(): string {
    return this.bucket.root
  }

  /** Every object is durable. */
  async put(key: string, content: Uint8Array): Promise<void> {
    await putObject(this.bucket, this.bucket.key(key), content)
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return getObject(this.bucket, this.bucket.key(key), limit)
  }

  async *list(folder: string): AsyncIterable<Note> {
    const prefix = this.bucket.key('')
    for await (const { key, modifiedAt } of listObjects(this.bucket, `${folder}/`))
      yield { key: key.slice(prefix.length), writtenAt: modifiedAt }
  }

  async folders(folder: string): Promise<readonly string[]> {
    const found = new Set<string>()
    for await (const { key } of this.list(folder)) {
      const [name, ...rest] = key.slice(folder.length + 1).split('/')
      if (name !== undefined && rest.length > 0) found.add(name)
    }
    return [...found]
  }

  async delete(key: string): Promise<void> {
    await removeObject(this.bucket, this.bucket.key(key))
  }
}
