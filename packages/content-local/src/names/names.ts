import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Image, Names } from '@dist/content'
import { DistError } from '@dist/errdefs'
import type { Locker } from '@dist/locks'
import { failedWith, storeError } from '../files/errors.js'
import { writeWhole } from '../files/write.js'
import { ownFile, temporarySuffix } from '../ingest/entry.js'
import type { Place } from '../place.js'
import { emptyIndex, entryOf, type IndexDocument, imagesOf, nameOf, parseIndex } from './document.js'

interface Read {
  /** Tells one version of the file from another. */
  readonly version: string
  readonly document: IndexDocument
  readonly images: ReadonlyMap<string, Image>
}

interface Change {
  readonly name: string
  /** Undefined deletes the name. */
  readonly image: Image | undefined
  resolve(): void
  reject(error: unknown): void
}

const nothing: Read = { version: '', document: emptyIndex, images: new Map() }

/** The names of a store, in its `index.json`. */
export class LocalNames implements Names {
  readonly #path: string
  #read = nothing
  #queue: Change[] = []
  #writing = false

  constructor(
    private readonly place: Place,
    private readonly locker: Locker,
  ) {
    this.#path = join(place.root, 'index.json')
  }

  async get(name: string): Promise<Image> {
    return this.#load().images.get(name) ?? missing(name)
  }

  async *list(): AsyncIterable<Image> {
    yield* this.#load().images.values()
  }

  put(image: Image): Promise<void> {
    return this.#change(image.name, image)
  }

  delete(name: string): Promise<void> {
    return this.#change(name, undefined)
  }

  /** Writes `index.json` where there is none yet: without it the directory is no layout for others. */
  async create(): Promise<void> {
    if (this.#load().version !== '') return
    await using _ = await this.locker.acquire('names')
    if (this.#load().version === '') await this.#write(emptyIndex)
  }

  #change(name: string, image: Image | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ name, image, resolve, reject })
      if (!this.#writing) this.#drain()
    })
  }

  /** All changes that come while the file is written share the next write of it. */
  async #drain(): Promise<void> {
    this.#writing = true
    // Changes of the same turn of the event loop go together.
    await Promise.resolve()
    while (this.#queue.length > 0) {
      const changes = this.#queue
      this.#queue = []
      try {
        await this.#apply(changes)
      } catch (error) {
        for (const change of changes) change.reject(storeError(this.place.root, 'writing index.json', error))
      }
    }
    this.#writing = false
  }

  async #apply(changes: readonly Change[]): Promise<void> {
    await using _ = await this.locker.acquire('names')
    const { document, images } = this.#load()
    const wanted = new Map<string, Image | undefined>()
    const absent = new Set<Change>()
    for (const change of changes) {
      const { name, image } = change
      const there = wanted.has(name) ? wanted.get(name) !== undefined : images.has(name)
      if (image === undefined && !there) absent.add(change)
      else wanted.set(name, image)
    }
    if (wanted.size > 0) await this.#write(changed(document, wanted))
    for (const change of changes) {
      if (absent.has(change)) change.reject(absence(change.name))
      else change.resolve()
    }
  }

  async #write(document: IndexDocument): Promise<void> {
    const { files, ingest, root } = this.place
    const content = Buffer.from(`${JSON.stringify(document)}\n`)
    // Readers see the old file or the new one; a crash before the rename leaves a temporary file for `sweep`.
    await writeWhole(files, [content], join(ingest, ownFile(temporarySuffix)), this.#path)
    await this.place.sync(root)
  }

  /** The file as it is now; parsed again only when it has changed. */
  #load(): Read {
    try {
      const stat = statSync(this.#path, { bigint: true, throwIfNoEntry: false })
      if (stat === undefined) return nothing
      const version = `${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`
      if (version === this.#read.version) return this.#read
      const document = parseIndex(readFileSync(this.#path, 'utf8'), this.#path)
      this.#read = { version, document, images: imagesOf(document) }
      return this.#read
    } catch (error) {
      if (failedWith(error, 'ENOENT')) return nothing
      throw storeError(this.place.root, 'reading index.json', error)
    }
  }
}

/** The document with some names replaced in place, added at the end, or removed; all else as it was. */
function changed(document: IndexDocument, wanted: ReadonlyMap<string, Image | undefined>): IndexDocument {
  const left = new Map(wanted)
  const manifests: unknown[] = []
  for (const entry of document.manifests) {
    const name = nameOf(entry)
    if (name === undefined || !wanted.has(name)) manifests.push(entry)
    else if (left.has(name)) {
      const image = left.get(name)
      if (image !== undefined) manifests.push(entryOf(image))
      left.delete(name)
    }
  }
  for (const image of left.values()) if (image !== undefined) manifests.push(entryOf(image))
  return { ...document, manifests }
}

function absence(name: string): DistError {
  return new DistError('NOT_FOUND', `no image has the name ${name}`)
}

function missing(name: string): never {
  throw absence(name)
}
