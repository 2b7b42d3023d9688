import type { Image, Names } from '@dist/content'
import { DistError } from '@dist/errdefs'
import type { Bucket } from '../bucket/bucket.js'
import { listObjects } from '../bucket/list.js'
import { deleteObject } from '../bucket/objects.js'
import { putObject } from '../bucket/put.js'
import { getObject } from '../bucket/read.js'
import { formatImage, nameKey, parseImage } from './document.js'

/** The most bytes of the document of a name. */
const limit = 1024 * 1024
/** Documents that a listing reads at the same time. */
const readAhead = 16

/** The names of a store, one object for each name. */
export class S3Names implements Names {
  constructor(private readonly bucket: Bucket) {}

  async get(name: string): Promise<Image> {
    const key = this.#key(name)
    const image = await this.#read(key)
    if (image === undefined) throw notFound(name)
    if (image.name !== name)
      throw new DistError(
        'MALFORMED',
        `${this.bucket.url(key)}: the document of another name; delete the object`,
      )
    return image
  }

  async put(image: Image): Promise<void> {
    await putObject(this.bucket, this.#key(image.name), formatImage(image), {
      contentType: 'application/json',
    })
  }

  /** Uses bounded memory. Fails on an unreadable document: an incomplete listing must not be the basis of a sweep. */
  async *list(): AsyncIterable<Image> {
    const reads: Promise<Image | undefined>[] = []
    for await (const { key } of listObjects(this.bucket, 'names/')) {
      const read = this.#read(key)
      // It is awaited later. If the listing ends before, an unhandled rejection must not end the process.
      read.catch(() => {})
      reads.push(read)
      if (reads.length >= readAhead) yield* existing(await reads.shift())
    }
    for (const read of reads) yield* existing(await read)
  }

  async delete(name: string): Promise<void> {
    if (!(await deleteObject(this.bucket, this.#key(name)))) throw notFound(name)
  }

  async #read(key: string): Promise<Image | undefined> {
    const content = await getObject(this.bucket, key, limit)
    return content && parseImage(content, this.bucket.url(key))
  }

  #key(name: string): string {
    return this.bucket.key(`names/${nameKey(name)}`)
  }
}

/** Drops a name that was deleted after it was listed. */
function existing(image: Image | undefined): readonly Image[] {
  return image === undefined ? [] : [image]
}

function notFound(name: string): DistError {
  return new DistError('NOT_FOUND', `${name}: no image of this name in the store`)
}
