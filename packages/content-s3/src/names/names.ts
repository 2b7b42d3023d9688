import {
  formatImage,
  type Image,
  imageNamed,
  isHeld,
  type Names,
  type PublishedName,
  parseImage,
  publishedAs,
  type ScannedName,
} from '@dist/content'
import { DistError } from '@dist/errdefs'
import type { Bucket } from '../bucket/bucket.js'
import { listObjects } from '../bucket/list.js'
import { deleteObject } from '../bucket/objects.js'
import { putObject } from '../bucket/put.js'
import { getObject } from '../bucket/read.js'
import { RecentObjects } from '../recent/objects.js'
import type { SeenObject } from '../recent/pages.js'
import { NeighborPlan } from '../recent/plans.js'
import { keyPrefix, nameKey, nameOfKey, recognize, repositoryOf } from './document.js'

/** The most bytes of the document of a name. */
const limit = 1024 * 1024
/** Documents that a listing reads at the same time. */
const readAhead = 16

/** The names of a store, one object for each name. */
export class S3Names implements Names {
  readonly #recent: RecentObjects

  /** `remembered`: milliseconds for which answers are. */
  constructor(
    private readonly bucket: Bucket,
    remembered: number,
  ) {
    this.#recent = new RecentObjects(bucket, 'names/', new NeighborPlan(repositoryOf), remembered)
  }

  async look(name: string): Promise<PublishedName | undefined> {
    const answer = await this.#recent.look(this.#key(name))
    if (answer !== undefined) return answer.object && this.#published(name, answer.object)
    const image = await imageNamed(name, this)
    return image && publishedAs(image)
  }

  async get(name: string): Promise<Image> {
    const key = this.#key(name)
    const at = performance.now()
    const image = await this.#read(key)
    if (image === undefined) this.#recent.note(key, undefined, at)
    if (image === undefined) throw notFound(name)
    if (image.name !== name)
      throw new DistError(
        'MALFORMED',
        `${this.bucket.url(key)}: the document of another name; delete the object`,
      )
    return image
  }

  async put(image: Image): Promise<void> {
    const key = this.#key(image.name)
    const content = formatImage(image)
    const etag = await putObject(this.bucket, key, content, { contentType: 'application/json' })
    this.#recent.note(key, { size: content.byteLength, etag })
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

  /** A name that is too long for a key is read from its document. */
  async *scan(prefix: string): AsyncIterable<ScannedName> {
    const path = this.bucket.key('names/').length
    for await (const { key, size, modifiedAt, etag } of listObjects(
      this.bucket,
      `names/${keyPrefix(prefix)}`,
    )) {
      const name = nameOfKey(key.slice(path)) ?? (await this.#read(key))?.name
      if (name?.startsWith(prefix)) yield { name, version: `${etag} ${size} ${modifiedAt.getTime()}` }
    }
  }

  async delete(name: string): Promise<void> {
    const key = this.#key(name)
    const existed = await deleteObject(this.bucket, key)
    this.#recent.note(key, undefined)
    if (!existed) throw notFound(name)
  }

  /** A name that was seen, but not read. */
  #published(name: string, seen: SeenObject): PublishedName {
    let reading: Promise<Image | undefined> | undefined
    const image = () => {
      reading ??= imageNamed(name, this)
      return reading
    }
    return {
      image,
      holds: async (desc, selection) => {
        const recognized = recognize(seen, { name, desc, selection }, Date.now())
        if (recognized !== undefined) reading ??= Promise.resolve(recognized)
        const read = await image()
        return read !== undefined && isHeld(read, desc, selection)
      },
    }
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
