import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Image, Names } from '@dist/content'
import { DistError } from '@dist/errdefs'
import type { Locker } from '@dist/locks'
import { failedWith, storeError } from '../files/errors.js'
import { writeWhole } from '../files/write.js'
import { temporarySuffix, uniqueFile } from '../ingest/entry.js'
import type { StoreDirectory } from '../store-directory.js'
import { emptyIndex, entryOf, type IndexDocument, imagesOf, nameOf, parseIndex } from './document.js'

interface LoadedIndex {
  /** Changes with every write of the file; empty if there is no file. */
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

const noIndex: LoadedIndex = { version: '', document: emptyIndex, images: new Map() }

/** The names of a store, in its `index.json`. */
export class LocalNames implements Names {
  readonly #path: string
  #loaded = noIndex
  #queue: Change[] = []
  #writing = false

  constructor(
    private readonly directory: StoreDirectory,
    private readonly locker: Locker,
  ) {
    this.#path = join(directory.root, 'index.json')
  }

  async get(name: string): Promise<Image> {
    return this.#load().images.get(name) ?? throwNotFound(name)
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

  /** Writes an empty `index.json` if there is none: other tools require it in a layout. */
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

  /** Changes that arrive while the file is written share the next write. */
  async #drain(): Promise<void> {
    this.#writing = true
    // Changes of the same turn of the event loop share one write.
    await Promise.resolve()
    while (this.#queue.length > 0) {
      const changes = this.#queue
      this.#queue = []
      try {
        await this.#apply(changes)
      } catch (error) {
        for (const change of changes)
          change.reject(storeError(this.directory.root, 'write of index.json', error))
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
      const exists = wanted.has(name) ? wanted.get(name) !== undefined : images.has(name)
      if (image === undefined && !exists) absent.add(change)
      else wanted.set(name, image)
    }
    if (wanted.size > 0) await this.#write(withChanges(document, wanted))
    for (const change of changes) {
      if (absent.has(change)) change.reject(notFound(change.name))
      else change.resolve()
    }
  }

  async #write(document: IndexDocument): Promise<void> {
    const { files, ingest, root } = this.directory
    const content = Buffer.from(`${JSON.stringify(document)}\n`)
    // Readers see the old file or the new one. After a crash before the rename, `sweep` removes the temporary file.
    await writeWhole(files, [content], join(ingest, uniqueFile(temporarySuffix)), this.#path)
    await this.directory.sync(root)
  }

  /** The current file. It is parsed only when it has changed. */
  #load(): LoadedIndex {
    try {
      const stat = statSync(this.#path, { bigint: true, throwIfNoEntry: false })
      if (stat === undefined) return noIndex
      const version = `${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`
      if (version === this.#loaded.version) return this.#loaded
      const document = parseIndex(readFileSync(this.#path, 'utf8'), this.#path)
      this.#loaded = { version, document, images: imagesOf(document) }
      return this.#loaded
    } catch (error) {
      if (failedWith(error, 'ENOENT')) return noIndex
      throw storeError(this.directory.root, 'read of index.json', error)
    }
  }
}

/** The document with names replaced in place, added at the end, or removed. Everything else is unchanged. */
function withChanges(document: IndexDocument, wanted: ReadonlyMap<string, Image | undefined>): IndexDocument {
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

function notFound(name: string): DistError {
  return new DistError('NOT_FOUND', `${name}: no image of this name in the store`)
}

function throwNotFound(name: string): never {
  throw notFound(name)
}
