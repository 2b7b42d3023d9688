import type { Image, Names } from '@dist/content'
import { DistError } from '@dist/errdefs'
import type { Bucket } from '../bucket/bucket.js'
import { deleteObject } from '../bucket/delete.js'
import { getObject } from '../bucket/get.js'
import { listObjects } from '../bucket/list.js'
import { putObject } from '../bucket/put.js'
import { formatImage, parseImage } from './document.js'
import { nameKey } from './key.js'

/** Bytes of a document of a name. */
const limit = 1024 * 1024
/** Documents that a listing reads at the same time. */
const ahead = 16

/** The names of a store, each an object of its own. */
export class S3Names implements Names {
  constructor(private readonly bucket: Bucket) {}

  async get(name: string): Promise<Image> {
    const key = this.#key(name)
    const image = await this.#read(key)
    if (image === undefined) throw missing(name)
    if (image.name !== name)
      throw new DistError(
        'MALFORMED',
        `${this.bucket.url(key)} is the document of another name: delete the object`,
      )
    return image
  }

  async put(image: Image): Promise<void> {
    await putObject(this.bucket, this.#key(image.name), formatImage(image), {
      contentType: 'application/json',
    })
  }

  /** In bounded memory. A document that cannot be read fails it: a listing that leaves names out is no basis for a sweep. */
  async *list(): AsyncIterable<Image> {
    const reads: Promise<Image | undefined>[] = []
    for await (const { key } of listObjects(this.bucket, 'names/')) {
      const read = this.#read(key)
      // It is awaited in its turn; a listing that ends before must not end the process.
      read.catch(() => {})
      reads.push(read)
      if (reads.length >= ahead) yield* present(await reads.shift())
    }
    for (const read of reads) yield* present(await read)
  }

  async delete(name: string): Promise<void> {
    if (!(await deleteObject(this.bucket, this.#key(name)))) throw missing(name)
  }

  async #read(key: string): Promise<Image | undefined> {
    const content = await getObject(this.bucket, key, limit)
    return content && parseImage(content, this.bucket.url(key))
  }

  #key(name: string): string {
    return this.bucket.key(`names/${nameKey(name)}`)
  }
}

/** A name that was deleted since it was listed is none. */
function present(image: Image | undefined): readonly Image[] {
  return image === undefined ? [] : [image]
}

function missing(name: string): DistError {
  return new DistError('NOT_FOUND', `no image has the name ${name}`)
}
